import { describe, expect, test } from "vitest";
import { type PageView, stagesOf, viewAt } from "../../../src/player/playback/stages.ts";
import {
  dropped,
  HELD_BYTES_MAX,
  type TapeState,
  wanted,
  windowAt,
  windowsOf,
} from "../../../src/player/playback/windows.ts";

const view = (pageId: string, atMs: number, duration: number): PageView => ({
  pageId,
  atMs,
  duration,
  url: `/${pageId}`,
  title: null,
});
const frame = (fromMs: number, hasSnapshot = true, bytes = 4_000_000) => ({
  fromMs,
  toMs: fromMs + 9_999,
  eventCount: 10,
  bytes,
  hasSnapshot,
});

describe("stages", () => {
  test("pages in a row follow each other without a break", () => {
    expect(stagesOf([view("a", 5, 90), view("b", 200, 100)], 300)).toEqual([
      { pageId: "a", fromMs: 0, toMs: 200 },
      { pageId: "b", fromMs: 200, toMs: 300 },
    ]);
  });

  test("of two tabs that one is watched on which a view began last", () => {
    const views = [view("a", 0, 300), view("b", 300, 200), view("a", 500, 50), view("b", 550, 450)];
    expect(stagesOf(views, 1_000)).toEqual([
      { pageId: "a", fromMs: 0, toMs: 300 },
      { pageId: "b", fromMs: 300, toMs: 500 },
      { pageId: "a", fromMs: 500, toMs: 550 },
      { pageId: "b", fromMs: 550, toMs: 1_000 },
    ]);
  });

  test("views of one page load are one stage, and each is named in its time", () => {
    const views = [view("a", 0, 100), { ...view("a", 100, 400), url: "/next" }];
    const stages = stagesOf(views, 500);
    expect(stages).toHaveLength(1);
    expect(viewAt(views, 50)?.url).toBe("/a");
    expect(viewAt(views, 100)?.url).toBe("/next");
  });

  test("a session without pages has none", () => {
    expect(stagesOf([], 100)).toEqual([]);
    expect(viewAt([], 5)).toBeNull();
  });

  test("no moment is on two stages, whatever the clocks told", () => {
    const stages = stagesOf([view("a", 50, 9), view("b", 400, 9), view("c", 90, 9)], 80);
    expect(stages.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 400],
      [400, 400],
      [400, 400],
    ]);
  });
});

const END = Number.POSITIVE_INFINITY;

describe("windows", () => {
  const stages = [{ pageId: "a", fromMs: 0, toMs: 60_000 }];

  test("are cut a little after snapshots, once enough lies before", () => {
    const frames = [0, 10_000, 20_000, 30_000].map((at) => frame(at, at !== 20_000));
    expect(windowsOf(stages, frames)).toEqual([
      { pageId: null, fromMs: 0, toMs: 11_000 },
      { pageId: null, fromMs: 11_000, toMs: 31_000 },
      { pageId: null, fromMs: 31_000, toMs: END },
    ]);
  });

  test("are whole pages where these are small, and name the page where there are several", () => {
    const two = [
      { pageId: "a", fromMs: 0, toMs: 10 },
      { pageId: "b", fromMs: 10, toMs: 20 },
    ];
    expect(windowsOf(two, [frame(0, true, 500)])).toEqual([two[0], { ...two[1], toMs: END }]);
  });

  test("are one where nobody knows pages or frames", () => {
    expect(windowsOf(stages, [])[0]?.toMs).toBe(Number.POSITIVE_INFINITY);
    expect(windowsOf([], [])[0]?.toMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("the one that shows a moment is the last that has begun", () => {
    const windows = windowsOf(
      stages,
      [0, 10_000].map((at) => frame(at)),
    );
    expect([-5, 0, 10_999, 11_000, 1e9].map((at) => windowAt(windows, at))).toEqual([
      0, 0, 0, 1, 1,
    ]);
  });
});

describe("reading", () => {
  const windows = [0, 1, 2].map((n) => ({
    pageId: "a",
    fromMs: n * 100_000,
    toMs: (n + 1) * 100_000,
  }));
  const held = (...list: [number, Partial<TapeState>][]) =>
    new Map(list.map(([n, h]) => [n, { loadedToMs: 0, isDone: false, bytes: 0, ...h }]));

  test("begins with what is shown", () => {
    expect(wanted(windows, held([0, { isDone: true }]), 1, 100_000, null)).toBe(1);
  });

  test("goes on ahead while little is held", () => {
    expect(wanted(windows, held([0, { isDone: true }]), 0, 5, 9)).toBe(1);
    expect(wanted(windows, held([0, { isDone: true }], [1, { isDone: true }]), 0, 5, 9)).toBe(2);
  });

  test("waits where much is held and enough lies ahead", () => {
    const full = { loadedToMs: 50_000, bytes: HELD_BYTES_MAX };
    expect(wanted(windows, held([0, full]), 0, 5, 9)).toBeNull();
    expect(wanted(windows, held([0, full]), 0, 40_000, 9)).toBe(0);
    expect(wanted(windows, held([0, { ...full, isDone: true }]), 0, 5, 9)).toBeNull();
    expect(wanted(windows, held([0, { ...full, isDone: true }]), 0, 95_000, 9)).toBe(1);
  });

  test("lets go of the farthest, never of what is shown nor of the next", () => {
    const big = { bytes: HELD_BYTES_MAX, isDone: true };
    expect(dropped(held([0, big], [1, big], [2, big], [5, big]), 2)).toEqual([5, 0, 1]);
    expect(dropped(held([2, big], [3, big]), 2)).toEqual([]);
    expect(dropped(held([0, { bytes: 5 }], [9, { bytes: 5 }]), 0)).toEqual([]);
  });
});
