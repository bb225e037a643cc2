import { expect, test } from "vitest";
import type { Day } from "../../src/api/types.ts";
import { withoutGaps } from "../../src/overview/days.ts";

const day = (date: string) => ({ date, sessions: 3 }) as Day;

test("days without sessions are zero, also over the end of a month", () => {
  const whole = withoutGaps([day("2026-02-27"), day("2026-03-02")]);

  expect(whole.map(({ date, sessions }) => [date, sessions])).toEqual([
    ["2026-02-27", 3],
    ["2026-02-28", 0],
    ["2026-03-01", 0],
    ["2026-03-02", 3],
  ]);
});

test("no days stay none", () => {
  expect(withoutGaps([])).toEqual([]);
});
