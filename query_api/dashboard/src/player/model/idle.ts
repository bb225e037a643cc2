/** Find the visitor's interactions, and skip the idle time between them. */

import { CUSTOM, INCREMENTAL, type RecordedEvent, sourceOf } from "./events.ts";

/** Idle time that is played after an interaction, to show its effects. */
const AFTER_MS = 2_000;
/** Idle time that is played before the next interaction. */
const BEFORE_MS = 1_000;
/** Shorter idle times are not skipped. */
const SKIP_MS_MIN = 3_000;
/** In this time the rest of an idle time shrinks to a third. */
const SHRINK_MS = 120;

/** Mouse moves, clicks, scrolls, resizes, inputs, touches, media, drags and selections. */
const INTERACTIONS = new Set([1, 2, 3, 4, 5, 6, 7, 12, 14]);
const CLICKS = new Set([2, 4]); // click, double click

/** Whether an event is an interaction of the visitor, not a change that the page makes itself. */
export function isInteraction(event: RecordedEvent): boolean {
  if (event.type === INCREMENTAL) return INTERACTIONS.has(sourceOf(event));
  return event.type === CUSTOM && /"?replaylake\.(?:page|error)/.test(tagOf(event));
}

export function isClick(event: RecordedEvent): boolean {
  return sourceOf(event) === 2 && CLICKS.has((event.data as { type?: number }).type ?? -1);
}

export function tagOf(event: RecordedEvent): string {
  const tag = (event.data as { tag?: unknown } | null)?.tag;
  return typeof tag === "string" ? tag : "";
}

/** Return the place of the first time after `atMs` in an ascending list. */
export function after(times: readonly number[], atMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Return the end of the current idle time, or null if it is not to be skipped.
 *
 * Args:
 *   interactions: Times of interactions, ascending, ms of the session.
 *   endMs: End of the idle time if no interaction follows; null while it is unknown.
 */
export function silenceUntil(
  interactions: readonly number[],
  atMs: number,
  endMs: number | null,
): number | null {
  const next = after(interactions, atMs);
  const last = interactions[next - 1];
  if (last !== undefined && atMs - last < AFTER_MS) return null;
  const following = interactions[next];
  const until = following === undefined ? endMs : following - BEFORE_MS;
  return until !== null && until - atMs >= SKIP_MS_MIN ? until : null;
}

/**
 * Return how far a skip advances in one frame: fast where much is left, never past the end.
 *
 * Ten minutes take less than a second, ten years three.
 */
export function skipStep(leftMs: number, passedMs: number, speed: number): number {
  const shrunk = leftMs * (1 - Math.exp(-passedMs / SHRINK_MS));
  return Math.min(leftMs, Math.max(shrunk, passedMs * speed));
}
