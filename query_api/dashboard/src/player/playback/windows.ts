/**
 * What is loaded, and what is let go: the session in windows, each of which can be played alone.
 *
 * A window begins where a page comes on stage, or at a snapshot within it. What is read of a window
 * is `tape.ts`.
 */

import type { Stage } from "./stages.ts";

export interface Frame {
  fromMs: number;
  toMs: number;
  eventCount: number;
  bytes: number;
  hasSnapshot: boolean;
}

export interface Window {
  /** Null where the session has one page only, of which nobody needs to be told. */
  pageId: string | null;
  fromMs: number;
  /** Infinity of the last one: the session may go on, and ends within a ms of its duration. */
  toMs: number;
}

/** Small enough to be there at once, large enough that a session is not a hundred requests. */
export const WINDOW_BYTES = 4_000_000;
/** All that is held, in bytes of JSON; the objects made of it take some times as much. */
export const HELD_BYTES_MAX = 48_000_000;
/** From a frame's Meta to its snapshot; a window asked for in between would begin a frame before. */
const SNAPSHOT_MS = 1_000;
/** How far ahead of what is shown is read, in ms of the session. */
const AHEAD_MS = 30_000;

/** Return the windows of a session in order, at least one. */
export function windowsOf(stages: readonly Stage[], frames: readonly Frame[]): Window[] {
  const isOnePage = stages.every(({ pageId }) => pageId === stages[0]?.pageId);
  const windows: Window[] = [];
  for (const { pageId, fromMs, toMs } of stages) {
    let begin = fromMs;
    let bytes = 0;
    for (const frame of frames) {
      if (frame.toMs < fromMs || frame.fromMs >= toMs) continue;
      const cut = frame.fromMs + SNAPSHOT_MS;
      if (frame.hasSnapshot && bytes >= WINDOW_BYTES && cut > begin && cut < toMs) {
        windows.push({ pageId: isOnePage ? null : pageId, fromMs: begin, toMs: cut });
        begin = cut;
        bytes = 0;
      }
      bytes += frame.bytes;
    }
    windows.push({ pageId: isOnePage ? null : pageId, fromMs: begin, toMs });
  }
  const last = windows.at(-1);
  if (last) last.toMs = Number.POSITIVE_INFINITY;
  return windows.length ? windows : [{ pageId: null, fromMs: 0, toMs: Number.POSITIVE_INFINITY }];
}

/** Return the number of the window that shows a moment. */
export function windowAt(windows: readonly Window[], atMs: number): number {
  return Math.max(
    0,
    windows.findLastIndex(({ fromMs }) => fromMs <= atMs),
  );
}

/** What is known of a window's tape. */
export interface Held {
  loadedToMs: number;
  isDone: boolean;
  bytes: number;
}

/**
 * Return the number of the window to read on from, or null where enough is there.
 *
 * Args:
 *   held: By window, what is read of it.
 *   nextDeedMs: When the visitor does something next as far as is known, null if it is not.
 */
export function wanted(
  windows: readonly Window[],
  held: ReadonlyMap<number, Held>,
  shown: number,
  atMs: number,
  nextDeedMs: number | null,
): number | null {
  let bytes = 0;
  for (const one of held.values()) bytes += one.bytes;
  const current = held.get(shown);
  if (!current) return shown;
  if (!current.isDone) {
    if (bytes < HELD_BYTES_MAX / 2 || current.loadedToMs <= atMs + AHEAD_MS) return shown;
    // Where a silence ends is looked for; one that fills the memory is looked into no further.
    return nextDeedMs === null && bytes < HELD_BYTES_MAX ? shown : null;
  }
  for (let next = shown + 1; next < windows.length; next++) {
    const there = held.get(next);
    if (there?.isDone) continue;
    const isSoon = (windows[next]?.fromMs ?? 0) < atMs + AHEAD_MS;
    return isSoon || bytes < HELD_BYTES_MAX / 2 ? next : null;
  }
  return null;
}

/** Return the windows to let go: the farthest from what is shown first, never it nor the next. */
export function dropped(held: ReadonlyMap<number, Held>, shown: number): number[] {
  let bytes = 0;
  for (const one of held.values()) bytes += one.bytes;
  const far = [...held.keys()]
    .filter((number) => number !== shown && number !== shown + 1)
    .sort((one, other) => Math.abs(other - shown) - Math.abs(one - shown));
  const gone: number[] = [];
  for (const number of far) {
    if (bytes <= HELD_BYTES_MAX) break;
    bytes -= held.get(number)?.bytes ?? 0;
    gone.push(number);
  }
  return gone;
}
