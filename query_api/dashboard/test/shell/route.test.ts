import { expect, test } from "vitest";
import { routeOf } from "../../src/shell/route.ts";

test.each([
  ["/", "sessions", ""],
  ["/sessions", "sessions", ""],
  ["/sessions/01a1", "session", "01a1"],
  ["/errors/a%2Fb", "error", "a/b"],
  ["/errors/%E0%A4%A", "error", "%E0%A4%A"],
  ["/settings", "settings", ""],
  ["/settings/keys", "settings", "keys"],
  ["/shared/rs_x", "shared", "rs_x"],
])("%s is a page", (path, page, id) => {
  expect(routeOf(path)).toEqual({ page, id });
});

test.each(["/docs", "/sessions/a/b", "/shared", "/constructor", "/__proto__/x", "/api/me"])(
  "%s is none",
  (path) => {
    expect(routeOf(path)).toBeNull();
  },
);
