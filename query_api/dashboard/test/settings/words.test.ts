import { expect, test } from "vitest";
import type { AuditEntry, Erasure } from "../../src/api/keeping.ts";
import { actorOf, deedOf, detailsOf, sessionOf } from "../../src/settings/audit_words.ts";
import { bytes, goneOf, targetsOf } from "../../src/settings/erasures.ts";
import { firstDayOf, lastDayOf } from "../../src/settings/retention.ts";

const ENTRY: AuditEntry = {
  entryId: "e",
  at: "2026-11-28T12:00:00.000Z",
  actor: "cli",
  action: "settings-changed",
  target: null,
  details: {},
};

test("sixty days are told by the calendar, at any hour of the day", () => {
  for (const hour of [0, 23]) {
    const now = Date.UTC(2026, 10, 29, hour, 59);

    expect(lastDayOf(60, now)).toBe("January 28, 2027");
    expect(firstDayOf(60, now)).toBe("September 30, 2026");
  }
});

test("settings that changed are told by their labels", () => {
  const details = {
    replay_sampling_rate: 0.5,
    mask_emails: false,
    origins: ["https://a.example", "https://b.example"],
    url_patterns: [],
    of_tomorrow: { deep: 1 },
  };

  expect(detailsOf({ ...ENTRY, details })).toEqual([
    "Share of sessions: 50 %",
    "Hide e-mail addresses: off",
    "Origins that may record: https://a.example, https://b.example",
    "Addresses that contain: none",
    'of tomorrow: {"deep":1}',
  ]);
});

test.each([
  ["cli", "the command line"],
  ["abcdefghijk1", "you (key abcdefghijk1)"],
  ["abcdefghijk2", "key abcdefghijk2"],
  ["share xyz", "whoever has the link xyz"],
  ["Ada of legal", "Ada of legal"],
])("%s is told as %s", (actor, said) => {
  expect(actorOf({ ...ENTRY, actor }, "abcdefghijk1")).toBe(said);
});

test("a deed that is not known yet is told all the same", () => {
  expect(deedOf({ ...ENTRY, action: "key-made" })).toBe("made a key");
  expect(deedOf({ ...ENTRY, action: "moon-landed" })).toBe("moon landed");
  expect(deedOf({ ...ENTRY, action: "constructor" })).toBe("constructor");
});

test("only of sessions one can look at there is a link", () => {
  const on = (action: string) => sessionOf({ ...ENTRY, action, target: "t" });

  expect([on("replay-viewed"), on("hold-placed"), on("key-made")]).toEqual(["t", "t", null]);
});

test("what is to be erased is read from what is written", () => {
  expect(targetsOf("userId", " ada ")).toEqual({ userId: "ada" });
  expect(targetsOf("sessions", "a b\n c,a;")).toEqual({ sessions: ["a", "b", "c"] });
  expect(targetsOf("visitorId", "  ")).toBeNull();
});

test("a receipt tells what went", () => {
  const nothing = { rows: 0, files: 0, bytes: 0, chunks: 0, tableFiles: 0, unreadableObjects: 0 };
  const gone = (counts: object) => goneOf({ ...nothing, sessions: 1, ...counts } as Erasure);

  expect(gone({ rows: 4, files: 2, bytes: 1_234_000, tableFiles: 3 })).toBe(
    "1 session: 4 rows, 2 files (1.2 MB), 3 table files",
  );
  expect(gone({ unreadableObjects: 1 })).toBe("1 session: 1 object that nobody could read");
  expect(gone({ sessions: 0 })).toBe("0 sessions, of which nothing was stored");
  expect([999, 1000, 2e9].map(bytes)).toEqual(["999 B", "1 kB", "2 GB"]);
});
