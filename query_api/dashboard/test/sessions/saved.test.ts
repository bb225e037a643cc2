import { expect, test } from "vitest";
import { parsed, queryOf, renamed, without, withView } from "../../src/sessions/saved.ts";

const view = (text: string) => new URLSearchParams(text);
const VIEWS = [
  { name: "One", query: "hasErrors=true" },
  { name: "Two", query: "live=true" },
];

test("equal views are equal whatever their order, and the website is no part of them", () => {
  expect(queryOf(view("website=w_a&sort=errors&device=tablet&device=mobile&url="))).toBe(
    queryOf(view("device=mobile&device=tablet&sort=errors")),
  );
  expect(queryOf(view("device=a&device=b"))).toBe("device=a&device=b");
});

test("a name that is there already is replaced where it stands", () => {
  expect(withView(VIEWS, " One ", "x=1")).toEqual([{ name: "One", query: "x=1" }, VIEWS[1]]);
  expect(withView(VIEWS, "Three", "x=1")).toHaveLength(3);
  expect(withView(VIEWS, "   ", "x=1")).toBe(VIEWS);
});

test("a view is renamed, and one that had the name goes", () => {
  expect(renamed(VIEWS, "One", "First").map(({ name }) => name)).toEqual(["First", "Two"]);
  expect(renamed(VIEWS, "One", "Two")).toEqual([{ name: "Two", query: "hasErrors=true" }]);
  expect(renamed(VIEWS, "One", "One")).toBe(VIEWS);
  expect(without(VIEWS, "One")).toEqual([VIEWS[1]]);
});

test("no more than fifty are kept, the newest", () => {
  let views = VIEWS;
  for (let number = 0; number < 60; number++) views = withView(views, `v${number}`, "a=1");

  expect(views).toHaveLength(50);
  expect(views.at(-1)?.name).toBe("v59");
});

test.each(["", "{", "null", "{}", '[1, null, {"name": ""}, {"name": "a"}]', null])(
  "%j holds no views",
  (text) => {
    expect(parsed(text)).toEqual([]);
  },
);
