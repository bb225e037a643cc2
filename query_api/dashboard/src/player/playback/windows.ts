/**
 * Decide which parts of a session to load and to drop: windows, each of which plays on its own.
 *
 * A window begins where a page comes on stage, or at a snapshot within it. `tape.ts` reads a window.
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
  /** Null if the session has only one page: then requests need not name it. */
  pageId: string | null;
  fromMs: number;
  /** Infinity for the last: the session may go on, and ends within a ms of its duration. */
  toMs: number;
}

/** Small enough to load at once, large enough that a session is not a hundred requests. */
export const WINDOW_BYTES = 4_000_000;
/** Limit of all tapes, in bytes of JSON; the parsed objects take several times as much. */
export const HELD_BYTES_MAX = 48_000_000;
/** From a frame's Meta to its snapshot; a window requested in between would begin a frame before. */
const SNAPSHOT_MS = 1_000;
/** How far ahead of the shown moment to read, in ms of the session. */
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

/** State of a window's tape. */
export interface TapeState {
  loadedToMs: number;
  isDone: boolean;
  bytes: number;
}

/**
 * Return the number of the window to read next, or null if enough is loaded.
 *
 * Args:
 *   held: Tapes by number of the window.
 *   nextInteractionMs: Time of the next interaction, null if it is not known.
 */
export function wanted(
  windows: readonly Window[],
  held: ReadonlyMap<number, TapeState>,
  shown: number,
  atMs: number,
  nextInteractionMs: number | null,
): number | null {
  let bytes = 0;
  for (const tape of held.values()) bytes += tape.bytes;
  const current = held.get(shown);
  if (!current) return shown;
  if (!current.isDone) {
    if (bytes < HELD_BYTES_MAX / 2 || current.loadedToMs <= atMs + AHEAD_MS) return shown;
    // Read on to find the end of an idle time, unless it fills the memory.
    return nextInteractionMs === null && bytes < HELD_BYTES_MAX ? shown : null;
  }
  for (let next = shown + 1; next < windows.length; next++) {
    const there = held.get(next);
    if (there?.isDone) continue;
    const isSoon = (windows[next]?.fromMs ?? 0) < atMs + AHEAD_MS;
    return isSoon || bytes < HELD_BYTES_MAX / 2 ? next : null;
  }
  return null;
}

/** Return the windows to drop: the farthest from the shown one first, never it nor the next. */
export function dropped(held: ReadonlyMap<number, TapeState>, shown: number): number[] {
  let bytes = 0;
  for (const tape of held.values()) bytes += tape.bytes;
  const far = [...held.keys()]
    .filter((number) => number !== shown && number !== shown + 1)
    .sort((a, b) => Math.abs(b - shown) - Math.abs(a - shown));
  const unneeded: number[] = [];
  for (const number of far) {
    if (bytes <= HELD_BYTES_MAX) break;
    bytes -= held.get(number)?.bytes ?? 0;
    unneeded.push(number);
  }
  return unneeded;
}
