import { expect, test } from "vitest";
import { chipsOf, questionOf, withOnce, withToggled } from "../../src/sessions/filters.ts";

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const view = (text: string) => new URLSearchParams(text);

test("what only the dashboard knows is not asked of the API", () => {
  const asked = questionOf(
    view("website=w_a&last=24h&device=mobile&device=tablet&sort=errors"),
    NOW_MS,
  );

  expect(asked.toString()).toBe(
    "device=mobile&device=tablet&sort=errors&from=2026-11-27T12%3A00%3A00.000Z",
  );
});

test.each(["toString", "__proto__", "", "99y"])("%j is no period", (last) => {
  expect(questionOf(view(`last=${last}`), NOW_MS).toString()).toBe("");
});

test("a period and days exclude each other", () => {
  expect(withOnce(view("from=2026-01-01&to=2026-02-01"), "last", "7d").toString()).toBe("last=7d");
  expect(withOnce(view("last=7d"), "from", "2026-01-01").toString()).toBe("from=2026-01-01");
});

test("a filter that is toggled twice is as it was, whatever else is chosen", () => {
  const before = view("device=mobile&signal=rage_click&url=%2Fcart");

  const after = withToggled(withToggled(before, "signal", "dead_click"), "signal", "dead_click");

  expect(after.toString()).toBe(before.toString());
});

test("every filter is a chip that takes back just itself", () => {
  const all = view(
    "url=cart&userId=ada&live=false&hasErrors=true&minDuration=5000&device=mobile&device=bot&last=1h&signal=rage_click",
  );
  const chips = chipsOf(all);

  expect(chips.map(({ text }) => text)).toEqual([
    "Address contains: cart",
    "User: ada",
    "No live",
    "Errors",
    "At least 5 s",
    "Device: mobile",
    "Device: bot",
    "rage click",
    "Last hour",
  ]);
  for (const { name, value } of chips) {
    expect(withToggled(all, name, value).size).toBe(all.size - 1);
  }
});
