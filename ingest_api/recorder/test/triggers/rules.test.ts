import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../../src/lifecycle/session.ts";
import { Triggers } from "../../src/triggers/rules.ts";
import type { Config, NoteTag } from "../../src/types.ts";

type Mode = Config["feature_flags"]["session_replay_trigger"];

const SMART = {
  errors: true,
  rage_clicks: true,
  dead_clicks: true,
  form_abandonment: true,
  url_patterns: ["cart", "pricing"],
  pages_min: 3,
  engaged_s: 60,
};
const ERROR: [NoteTag, object] = ["replaylake.error", { message: "m", source: "error" }];
const CASES: [string, [NoteTag, object], Partial<typeof SMART>, string][] = [
  ["an uncaught error", ERROR, { errors: false }, "error"],
  ["a rage click", ["replaylake.rage_click", {}], { rage_clicks: false }, "rage_click"],
  [
    "a dead click",
    ["replaylake.click", { interactive: false, reacted: false }],
    { dead_clicks: false },
    "dead_click",
  ],
  [
    "a form that was left",
    ["replaylake.form", { step: "abandoned" }],
    { form_abandonment: false },
    "form_abandonment",
  ],
  ["a page", ["replaylake.page", { url: "http://a.test/Cart?x" }], { url_patterns: [] }, "url"],
];
const NOTHING: [string, [NoteTag, object]][] = [
  ["a console error", ["replaylake.error", { message: "m", source: "console" }]],
  ["a click that did something", ["replaylake.click", { interactive: false, reacted: true }]],
  ["a click on a button", ["replaylake.click", { interactive: true, reacted: false }]],
  ["a form that was sent", ["replaylake.form", { step: "succeeded" }]],
  ["a host that is named like a page", ["replaylake.page", { url: "http://pricing.test/" }]],
];

function kept(mode: Mode, note: [NoteTag, object], rules = {}, session = {}): string[] {
  const kinds: string[] = [];
  const config = {
    feature_flags: { session_replay_trigger: mode },
    smart: { ...SMART, ...rules },
  } as Config;
  const it = { pages: 1, engaged_ms: 0, ...session } as Session;
  const triggers = new Triggers(config, it, (kind) => kinds.push(kind));
  triggers.see(note[0], note[1] as Record<string, unknown>);
  triggers.engaged();
  return kinds;
}

for (const [what, note, off, kind] of CASES) {
  test(`${what} keeps a session in smart mode, unless its rule is off`, () => {
    assert.deepEqual(kept("smart", note), [kind]);
    assert.deepEqual(kept("smart", note, off), []);
  });
  test(`${what} in the other modes`, () => {
    assert.deepEqual(kept("errors_only", note), kind === "error" ? ["error"] : []);
    assert.deepEqual(kept("all", note), []);
  });
}

for (const [what, note] of NOTHING) {
  test(`${what} keeps nothing`, () => {
    assert.deepEqual(kept("smart", note), []);
    assert.deepEqual(kept("errors_only", note), []);
  });
}

test("pages and engaged time keep a session once there are enough of them", () => {
  const page: [NoteTag, object] = ["replaylake.page", { url: "http://a.test/" }];

  assert.deepEqual(kept("smart", page, {}, { pages: 2, engaged_ms: 59_999 }), []);
  assert.deepEqual(kept("smart", page, {}, { pages: 3 }), ["pages"]);
  assert.deepEqual(kept("smart", page, {}, { engaged_ms: 60_000 }), ["engaged"]);
  assert.deepEqual(kept("errors_only", page, {}, { pages: 9, engaged_ms: 90_000 }), []);
});
