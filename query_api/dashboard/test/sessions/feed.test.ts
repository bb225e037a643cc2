import { expect, test } from "vitest";
import type { Session } from "../../src/api/types.ts";
import { merged } from "../../src/sessions/feed.ts";

const rows = (ids: string, pageViews = 1) =>
  [...ids].map((sessionId) => ({ sessionId, pageViews }) as Session);
const names = (sessions: Session[]) => sessions.map((one) => one.sessionId).join("");

test("new sessions come first, known ones are renewed, later pages stay", () => {
  const first = { sessions: rows("nab", 2), nextCursor: "more", total: 7 };

  const found = merged(first, rows("abcdef"));

  expect(names(found)).toBe("nabcdef");
  expect(found.map((one) => one.pageViews)).toEqual([2, 2, 2, 1, 1, 1, 1]);
});

test("what no longer matches goes, where all that matches is told", () => {
  expect(names(merged({ sessions: rows("b"), nextCursor: null, total: 1 }, rows("abc")))).toBe("b");
});
