/** Markers of the timeline: marks that would overlap are grouped. */

import type { Axis } from "./timeline_axis.ts";

export type MarkKind = "error" | "signal" | "page" | "click";

export interface Mark {
  kind: MarkKind;
  atMs: number;
  label: string;
}

/** Marks in one place, drawn as the most important of them. */
export interface MarkGroup {
  kind: MarkKind;
  /** Time of the first of the most important marks: a click seeks to it. */
  atMs: number;
  /** px from the timeline's left. */
  x: number;
  marks: Mark[];
}

/** A jump to a mark ends this long before it, to show what led to it. */
export const LEAD_MS = 1_500;

const WEIGHTS: Record<MarkKind, number> = { error: 3, signal: 2, page: 1, click: 0 };
/** px; closer marks could not be distinguished, nor touched. */
const APART_PX = 12;

const SIGNALS: Record<string, string> = {
  rage_click: "Rage click",
  dead_click: "Dead click",
  error_click: "Click that led to an error",
  form_frustration: "Form failed again and again",
  form_abandonment: "Form left unsent",
  scroll_thrash: "Scrolled up and down",
  quick_back: "Went straight back",
  slow_response: "Waited for an answer",
};

/** Name a signal for people. */
export function signalName(kind: string): string {
  return SIGNALS[kind] ?? kind.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
}

/** Group marks for a timeline of some width: ascending, at least 12 px apart. */
export function grouped(marks: readonly Mark[], axis: Axis, widthPx: number): MarkGroup[] {
  const placed = marks
    .map((mark) => ({ mark, x: axis.place(mark.atMs) * widthPx }))
    .sort((a, b) => a.x - b.x);
  const groups: MarkGroup[] = [];
  for (const { mark, x } of placed) {
    const last = groups.at(-1);
    if (last && x - last.x < APART_PX) {
      last.marks.push(mark);
      if (WEIGHTS[mark.kind] > WEIGHTS[last.kind]) {
        last.kind = mark.kind;
        last.atMs = mark.atMs;
      }
    } else groups.push({ kind: mark.kind, atMs: mark.atMs, x, marks: [mark] });
  }
  return groups;
}

/** Return the mark to go to: the first after a moment, or the last that lies well before it. */
export function neighbour(marks: readonly Mark[], atMs: number, direction: 1 | -1): Mark | null {
  const ordered = [...marks].sort((a, b) => a.atMs - b.atMs);
  // Otherwise "Previous" would always return the mark that it just jumped to.
  return direction === 1
    ? (ordered.find((mark) => mark.atMs - LEAD_MS > atMs + 1) ?? null)
    : (ordered.findLast((mark) => mark.atMs - LEAD_MS < atMs - 1_000) ?? null);
}

/** Return the activity in each of `count` equal parts of the timeline, 0 to 1. */
export function density(interactions: readonly number[], axis: Axis, count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const atMs of interactions) {
    const place = Math.min(count - 1, Math.floor(axis.place(atMs) * count));
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  // A root, so that a burst does not hide all the rest.
  return counts.map((count) => Math.sqrt(count / most));
}
