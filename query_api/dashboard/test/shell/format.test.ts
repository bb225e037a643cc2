import { expect, test } from "vitest";
import { ago, clock, counted, moment, place, software } from "../../src/shell/format.ts";

test.each([
  [0, "0:00"],
  [7_400, "0:07"],
  [725_000, "12:05"],
  [3_723_000, "1:02:03"],
  [-5, "0:00"],
])("%d ms are %s", (ms, text) => {
  expect(clock(ms)).toBe(text);
});

test("the past is told ever more roughly", () => {
  const now = Date.UTC(2026, 10, 28, 12);
  const said = [0, 59_000, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000].map((passed) =>
    ago(new Date(now - passed).toISOString(), now),
  );

  expect(said).toEqual(["just now", "just now", "1 min ago", "1 h ago", "1 d ago", "Oct 29"]);
  expect([ago("x", now), moment("x")]).toEqual(["", ""]);
});

test("addresses are told by what follows the host, and others as they are", () => {
  expect(place("https://shop.example/a?b=c#d")).toBe("/a?b=c#d");
  expect(place("javascript:alert(1)")).toBe("javascript:alert(1)");
  expect(place("not an address")).toBe("not an address");
  expect(place(null)).toBe("unknown page");
});

test("one is not many, and unknown software has a name", () => {
  expect([counted(1, "error"), counted(1200, "error")]).toEqual(["1 error", "1,200 errors"]);
  expect(software({ name: "Chrome", version: "142.0.1" })).toBe("Chrome 142");
  expect(software({ name: null, version: "1" })).toBe("unknown");
});
