import { expect, test } from "vitest";
import { lastDays } from "../../src/errors/trend.tsx";

test("thirty days end today, and days without errors are none", () => {
  const now = Date.UTC(2026, 10, 28, 0, 1);
  const counts = lastDays(
    [
      { date: "2026-11-28", count: 3 },
      { date: "2026-11-26", count: 1 },
      { date: "2026-10-30", count: 7 },
      { date: "2026-10-29", count: 9 },
    ],
    now,
  );

  expect(counts).toHaveLength(30);
  expect(counts.slice(-3)).toEqual([1, 0, 3]);
  expect(counts[0]).toBe(7);
});
