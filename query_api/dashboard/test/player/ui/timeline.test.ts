import { describe, expect, test } from "vitest";
import { isClick, isInteraction, silenceUntil, skipStep } from "../../../src/player/model/idle.ts";
import {
  density,
  grouped,
  type Mark,
  neighbour,
  signalName,
} from "../../../src/player/model/markers.ts";
import { clock, size, span } from "../../../src/player/model/time_format.ts";
import { Axis, silencesOf } from "../../../src/player/model/timeline_axis.ts";
import { momentOf, withMoment } from "../../../src/player/model/url_moment.ts";
import { commandOf } from "../../../src/player/ui/shortcuts.ts";

const YEARS_10 = 10 * 365 * 86_400_000;
const mark = (kind: Mark["kind"], atMs: number): Mark => ({ kind, atMs, label: kind });

describe("axis", () => {
  test("is in proportion where no silence is long", () => {
    const axis = new Axis(1_000, [{ fromMs: 100, toMs: 900 }]);
    expect([0, 250, 1_000, 2_000, -1].map((at) => axis.place(at))).toEqual([0, 0.25, 1, 1, 0]);
  });

  test("24 ten years of silence leave room for what was done", () => {
    const axis = new Axis(YEARS_10, silencesOf([0, 5_000, 60_000], YEARS_10));
    expect(axis.breaks).toEqual([{ fromMs: 60_000, toMs: YEARS_10 }]);
    expect(axis.place(30_000)).toBeGreaterThan(0.4);
    expect(axis.place(YEARS_10)).toBe(1);
  });

  test("place and moment are each other's inverse", () => {
    const axis = new Axis(20_000_000, silencesOf([5e6, 12e6, 12.5e6, 19e6], 20_000_000));
    for (let at = 0; at <= 20_000_000; at += 250_000) {
      expect(axis.moment(axis.place(at))).toBeCloseTo(at, 3);
    }
  });
});

describe("silence", () => {
  test("begins a while after an interaction and ends before the next", () => {
    const interactions = [1_000, 60_000];
    expect(silenceUntil(interactions, 2_500, null)).toBeNull();
    expect(silenceUntil(interactions, 3_000, null)).toBe(59_000);
    expect(silenceUntil(interactions, 57_000, null)).toBeNull();
  });

  test("lasts to the end where that is known, and is not guessed where it is not", () => {
    expect(silenceUntil([1_000], 5_000, null)).toBeNull();
    expect(silenceUntil([1_000], 5_000, 90_000)).toBe(90_000);
    expect(silenceUntil([], 0, 90_000)).toBe(90_000);
  });

  test("24 ten years are skipped in some seconds and never overshot", () => {
    let left = YEARS_10;
    let pictures = 0;
    while (left > 0) {
      const step = skipStep(left, 16, 1);
      expect(step).toBeLessThanOrEqual(left);
      left -= step;
      pictures += 1;
    }
    expect(pictures * 16).toBeLessThan(5_000);
  });

  test("is what a page does by itself", () => {
    const change = (source: number, more = {}) => ({
      type: 3,
      timestamp: 0,
      data: { source, ...more },
    });
    expect([0, 1, 2, 3, 8].map((source) => isInteraction(change(source)))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(isClick(change(2, { type: 2 }))).toBe(true);
    expect(isClick(change(2, { type: 5 }))).toBe(false);
    expect(isInteraction({ type: 3, timestamp: 0, data: null })).toBe(false);
  });
});

describe("marks", () => {
  const axis = new Axis(10_000);

  test("that lie on each other become one, drawn as the weightiest", () => {
    const groups = grouped(
      [mark("click", 1_010), mark("error", 1_020), mark("page", 5_000)],
      axis,
      1_000,
    );
    expect(groups.map(({ kind, x, marks }) => [kind, x, marks.length])).toEqual([
      ["error", 101, 2],
      ["page", 500, 1],
    ]);
    expect(groups[0]?.atMs).toBe(1_020);
  });

  test("are never closer than a finger, however many there are", () => {
    const many = Array.from({ length: 5_000 }, (_, at) => mark("click", at * 2));
    const groups = grouped(many, axis, 600);
    expect(groups.length).toBeLessThanOrEqual(50);
    expect(groups.reduce((all, { marks }) => all + marks.length, 0)).toBe(5_000);
  });

  test("are gone through one by one, though a seek stops before them", () => {
    const marks = [mark("error", 9_000), mark("page", 3_000), mark("signal", 6_000)];
    expect(neighbour(marks, 0, 1)?.atMs).toBe(3_000);
    expect(neighbour(marks, 1_500, 1)?.atMs).toBe(6_000);
    expect(neighbour(marks, 7_500, -1)?.atMs).toBe(6_000);
    expect(neighbour(marks, 4_500, -1)?.atMs).toBe(3_000);
    expect(neighbour(marks, 9_500, 1)).toBeNull();
  });

  test("density tells where most was done", () => {
    expect(density([0, 1, 2, 3, 9_999], axis, 4)).toEqual([1, 0, 0, 0.5]);
    expect(density([], axis, 2)).toEqual([0, 0]);
  });

  test("every signal has a name, an unknown one too", () => {
    expect(signalName("rage_click")).toBe("Rage click");
    expect(signalName("slow_death")).toBe("Slow death");
  });
});

describe("what people read", () => {
  test("times", () => {
    expect([0, 62_999, 3_723_000, 90_000_000].map(clock)).toEqual([
      "0:00",
      "1:02",
      "1:02:03",
      "1d 1:00:00",
    ]);
    expect([20, 12_000, 180_000, 7_200_000].map(span)).toEqual(["20 ms", "12 s", "3 min", "2 h"]);
    expect([5, 1_500, 2_500_000].map(size)).toEqual(["5 B", "2 kB", "2.5 MB"]);
  });

  test("a moment goes into an address and comes back", () => {
    const address = withMoment("https://host.test/sessions/a?x=1#y", 12_340);
    expect(address).toBe("https://host.test/sessions/a?x=1&t=12.3#y");
    expect(momentOf(new URL(address).search)).toBe(12_300);
  });

  test.each(["", "?t=", "?t=-1", "?t=1e9", "?t=NaN", "?t=99999999999"])(
    "%j names no moment",
    (search) => {
      expect(momentOf(search)).toBeNull();
    },
  );
});

describe("keys", () => {
  const press = (key: string, more = {}) =>
    commandOf({ key, hasModifier: false, tag: "body", role: null, ...more });

  test("do what the help says", () => {
    expect(press(" ")).toEqual({ do: "toggle" });
    expect(press("ArrowLeft")).toEqual({ do: "move", byMs: -5_000 });
    expect(press("N")).toEqual({ do: "mark", direction: 1 });
    expect(press("4")).toEqual({ do: "speed", speed: 4 });
    expect(press("x")).toBeNull();
  });

  test("are left to whoever needs them", () => {
    expect(press("f", { hasModifier: true })).toBeNull();
    expect(press("n", { tag: "input" })).toBeNull();
    expect(press(" ", { tag: "button" })).toBeNull();
    expect(press("ArrowRight", { role: "slider" })).toBeNull();
    expect(press("n", { tag: "button" })).toEqual({ do: "mark", direction: 1 });
  });
});
