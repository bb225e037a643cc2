import { describe, expect, test } from "vitest";
import type { Day, Session } from "../../src/api/types.ts";
import { changesOf, SESSIONS_MIN } from "../../src/overview/changes.ts";
import { momentOf, REASONS, worthOf } from "../../src/overview/worth.ts";

const day = (date: string, sessions: number, more: Partial<Day> = {}): Day => ({
  date,
  sessions,
  visitors: sessions,
  pageViews: sessions,
  errors: 0,
  errorSessions: 0,
  frustratedSessions: 0,
  ...more,
});

describe("what changed", () => {
  test("too few sessions on either side are not compared", () => {
    const few = day("2026-11-01", SESSIONS_MIN - 1);
    const many = day("2026-11-02", 100);

    expect(changesOf([few, many], "2026-11-02")).toBeNull();
    expect(changesOf([], "2026-11-02")).toBeNull();
  });

  test("shares and signals are compared by session, days without any count", () => {
    const before = day("2026-11-01", 100, { errorSessions: 10, signals: { rage_click: 4 } });
    const quiet = [day("2026-11-03", 25), day("2026-11-06", 25)];
    const after = quiet.map((one) => ({ ...one, errorSessions: 10, signals: { rage_click: 1 } }));

    const found = changesOf([before, ...after], "2026-11-02");

    expect(
      found?.map(({ name, before, after, isWorse }) => [name, before, after, isWorse]),
    ).toEqual([
      ["Sessions", 100, 12.5, null],
      ["Sessions with errors", 0.1, 0.4, true],
    ]);
  });

  test("what hardly moved is no change", () => {
    const same = (date: string, errorSessions: number) => day(date, 100, { errorSessions });

    expect(changesOf([same("2026-11-01", 50), same("2026-11-02", 52)], "2026-11-02")).toEqual([]);
    expect(changesOf([same("2026-11-01", 0), same("2026-11-02", 1)], "2026-11-02")).toEqual([]);
  });
});

describe("worth watching", () => {
  const session = (sessionId: string) => ({ sessionId }) as Session;

  test("nobody is advised twice, and no more than three", () => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map(session) as [Session, Session, Session, Session];

    const ids = (answers: Session[][]) => worthOf(answers).map((one) => one.session.sessionId);

    expect(ids([[a, b], [a, c], [a, b, d], [d]])).toEqual(["a", "c", "b"]);
    expect(ids([[], [], [], [d, a]])).toEqual(["d"]);
    expect(worthOf([[a], [], [], [b]]).map(({ reason }) => REASONS.indexOf(reason))).toEqual([
      0, 3,
    ]);
  });

  test("the moment is that of the reason", () => {
    const moments = {
      errorEvents: [{ atMs: 9_000, message: "x" }],
      signalEvents: [
        { kind: "dead_click", atMs: 2_000 },
        { kind: "form_frustration", atMs: 5_000 },
      ],
    };

    expect(REASONS.map((reason) => momentOf(reason, moments))).toEqual([
      9_000, 5_000, 9_000, 2_000,
    ]);
  });
});
