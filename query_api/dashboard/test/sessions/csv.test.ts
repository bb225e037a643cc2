import { expect, test } from "vitest";
import type { Session } from "../../src/api/types.ts";
import { cell, csvOf } from "../../src/sessions/csv.ts";

test.each([
  "=1+1",
  "+1",
  "-1",
  "@SUM(A1)",
  "\t=1",
  "\r=1",
  "  =1",
  "\n=1",
  "＝1",
  "=cmd|' /C calc'!A0",
])("no spreadsheet takes %j for a formula", (text) => {
  expect(cell(text).replace(/^"/, "")[0]).toBe("'");
});

test("a cell stays one cell", () => {
  expect(cell('a,"b"\nc')).toBe('"a,""b""\nc"');
  expect(cell("it's; fine")).toBe(`"it's; fine"`);
});

test("numbers stay numbers, also below zero, and what is missing is empty", () => {
  expect([cell(-3), cell(1.5), cell(null), cell(undefined)]).toEqual(["-3", "1.5", "", ""]);
});

test("every line has as many cells as the first", () => {
  const one = { device: {}, browser: {}, os: {}, signals: { rage_click: 2 } } as Session;

  const [head, line, end] = csvOf([{ ...one, userId: "ada" }]).split("\r\n");

  expect(line?.split(",")).toHaveLength(head?.split(",").length ?? 0);
  expect(line).toContain(",ada,");
  expect(end).toBe("");
});
