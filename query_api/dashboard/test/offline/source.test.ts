import { expect, test } from "vitest";
import { linesOf } from "../../src/offline/source.ts";

const line = (type: number, timestamp: number) => JSON.stringify({ type, data: {}, timestamp });
const text = `${[line(4, 10), line(2, 11), line(3, 15), line(4, 20), line(2, 21), line(3, 30)].join("\n")}\n`;
const times = (lines: string) =>
  lines
    .split("\n")
    .filter(Boolean)
    .map((one) => JSON.parse(one).timestamp);

test("a window begins with the last picture before it, and ends with its last event", () => {
  expect(times(linesOf(text, {}, 10))).toEqual([10, 11, 15, 20, 21, 30]);
  expect(times(linesOf(text, { fromMs: 15 }, 10))).toEqual([20, 21, 30]);
  expect(times(linesOf(text, { fromMs: 5, toMs: 11 }, 10))).toEqual([10, 11, 15, 20, 21]);
  expect(linesOf("", { fromMs: 5 }, 10)).toBe("");
  expect(times(linesOf(`nonsense\n${text}`, { toMs: 1 }, 10))).toEqual([10, 11]);
});
