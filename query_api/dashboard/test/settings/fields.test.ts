import { expect, test } from "vitest";
import {
  changesOf,
  FIELDS,
  mistakeIn,
  NAMES,
  readOf,
  valuesOf,
  type Written,
  writtenOf,
} from "../../src/settings/fields.ts";

const SETTINGS = {
  website_id: "w_a",
  name: "Shop",
  plan: "pro",
  retention_days: 60,
  origins: ["https://shop.example", "http://localhost:3000"],
  feature_flags: {
    enable_session_replay: true,
    session_replay_trigger: "smart",
    replay_sampling_rate: 0.02,
  },
  privacy: {
    mask_emails: true,
    require_consent: false,
    mask_patterns: true,
    mask_text: "patterns",
  },
  smart: {
    errors: true,
    rage_clicks: true,
    dead_clicks: true,
    form_abandonment: true,
    url_patterns: ["cart"],
    pages_min: 5,
    engaged_s: 60,
  },
  created_at: "2026-11-28T00:00:00.000Z",
};
const SAVED = valuesOf(SETTINGS);

test("every setting has a field, and what is written as it is saved is no change", () => {
  const written = Object.fromEntries(
    NAMES.map((name) => [name, writtenOf(name, SAVED[name])]),
  ) as Written;

  expect(new Set(Object.keys(SAVED))).toEqual(new Set(NAMES));
  expect(changesOf(SAVED, written)).toEqual({});
});

test.each([0.02, 0.001, 0.07, 0.29, 0.57, 1, 0, 1 / 3])(
  "a share of %d is the same after",
  (rate) => {
    const written = writtenOf("replay_sampling_rate", rate);

    expect(readOf("replay_sampling_rate", written)).toBeCloseTo(rate, 11);
  },
);

test("only what differs is a change, and lists are told by their lines", () => {
  const written: Written = {
    name: " Shop ",
    origins: "https://shop.example\r\n\n  https://b.example  \n",
    replay_sampling_rate: "7",
    pages_min: "5",
    engaged_s: " 90 ",
    errors: true,
    mask_emails: false,
  };

  expect(changesOf(SAVED, written)).toEqual({
    origins: ["https://shop.example", "https://b.example"],
    replay_sampling_rate: 0.07,
    engaged_s: 90,
    mask_emails: false,
  });
});

test("what is no number is sent as it is written, so that the API says what is wrong", () => {
  expect(changesOf(SAVED, { pages_min: "many", engaged_s: "" })).toEqual({
    pages_min: "many",
    engaged_s: "",
  });
});

test.each(["101", "-1", "2 %", "", "1e9"])("a share of %j is refused in per cent", (text) => {
  const changes = changesOf(SAVED, { replay_sampling_rate: text });

  expect(mistakeIn(changes)).toEqual({
    name: "replay_sampling_rate",
    text: "Give a number from 0 to 100.",
  });
  expect(mistakeIn(changesOf(SAVED, { replay_sampling_rate: "2.5" }))).toBeNull();
});

test("no two fields have the same label", () => {
  const labels = Object.values(FIELDS).map(({ label }) => label);

  expect(new Set(labels).size).toBe(labels.length);
});
