import { expect, test } from "vitest";
import type { Settings } from "../../src/api/keeping.ts";
import { checksOf } from "../../src/install/checks.ts";
import { policyOf, tagOf } from "../../src/install/tag.ts";

const SETTINGS = {
  plan: "pro",
  origins: ["*"],
  feature_flags: {
    enable_session_replay: true,
    session_replay_trigger: "all",
    replay_sampling_rate: 1,
  },
  privacy: { require_consent: false },
} as unknown as Settings;

const states = (changes: object) => checksOf({ ...SETTINGS, ...changes }).map(({ state }) => state);

test("the tag names the ingest API, below a path too", () => {
  expect(tagOf("https://in.example/replay/", "w_a")).toBe(
    '<script async src="https://in.example/replay/r.js" data-website="w_a"></script>',
  );
  expect(policyOf("https://in.example/replay/")).toBe(
    "script-src https://in.example; connect-src https://in.example",
  );
});

test.each([null, "", "in.example", "javascript:alert(1)", "/r"])("%j is no ingest API", (url) => {
  expect(tagOf(url, "w_a")).toContain('src="https://YOUR-INGEST-HOST/r.js"');
  expect(policyOf(url)).toContain("connect-src https://YOUR-INGEST-HOST");
});

test("nothing in the address ends the attribute", () => {
  expect(tagOf('https://in.example/"><script>', "w_a").match(/"/g)).toHaveLength(4);
});

test("where nothing stands against it, everything is fine", () => {
  expect(new Set(states({}))).toEqual(new Set(["good"]));
});

test.each([
  [0, "bad", { feature_flags: { ...SETTINGS.feature_flags, enable_session_replay: false } }],
  [1, "bad", { plan: "free" }],
  [2, "bad", { origins: [] }],
  [2, "mind", { origins: ["https://a.example"] }],
  [3, "mind", { feature_flags: { ...SETTINGS.feature_flags, replay_sampling_rate: 0.02 } }],
  [3, "bad", { feature_flags: { ...SETTINGS.feature_flags, replay_sampling_rate: 0 } }],
  [3, "mind", { feature_flags: { ...SETTINGS.feature_flags, session_replay_trigger: "smart" } }],
  [4, "mind", { privacy: { require_consent: true } }],
])("check %d is %s", (number, state, changes) => {
  const found = states(changes);

  expect(found[number]).toBe(state);
  expect(found.filter((one) => one !== "good")).toHaveLength(1);
});
