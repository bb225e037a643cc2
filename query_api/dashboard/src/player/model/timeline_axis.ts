/**
 * Map times to places on the timeline: in proportion, except that idle times are limited in width.
 *
 * A browser left open overnight, or a clock that jumped ten years, would otherwise leave a pixel for
 * all activity. Such idle times are drawn as breaks.
 */

/** Shorter idle times are drawn in proportion. */
export const BREAK_MS_MIN = 30 * 60_000;
const BREAK_SHARE = 0.05; // of the time outside of breaks

export interface Span {
  fromMs: number;
  toMs: number;
}

export class Axis {
  readonly durationMs: number;
  readonly breaks: readonly Span[];
  readonly #breakMs: number;
  readonly #drawnMs: number;

  /** `silences` are ascending and apart; the short ones do not count. */
  constructor(durationMs: number, silences: readonly Span[] = []) {
    this.durationMs = Math.max(1, durationMs);
    this.breaks = silences.filter(({ fromMs, toMs }) => toMs - fromMs >= BREAK_MS_MIN).slice(0, 50);
    const left = this.breaks.reduce(
      (all, { fromMs, toMs }) => all - (toMs - fromMs),
      this.durationMs,
    );
    this.#breakMs = Math.max(1_000, Math.max(0, left) * BREAK_SHARE);
    this.#drawnMs = Math.max(1, Math.max(0, left) + this.breaks.length * this.#breakMs);
  }

  /** Return the place of a moment, 0 to 1. */
  place(atMs: number): number {
    let drawn = Math.min(this.durationMs, Math.max(0, atMs));
    const at = drawn;
    for (const { fromMs, toMs } of this.breaks) {
      if (at <= fromMs) break;
      const inside = Math.min(at, toMs) - fromMs;
      drawn += (inside * this.#breakMs) / (toMs - fromMs) - inside;
    }
    return Math.min(1, drawn / this.#drawnMs);
  }

  /** Return the moment at a place. */
  moment(place: number): number {
    let left = Math.min(1, Math.max(0, place)) * this.#drawnMs;
    let at = 0;
    for (const { fromMs, toMs } of this.breaks) {
      if (left <= fromMs - at) return at + left;
      left -= fromMs - at;
      if (left <= this.#breakMs) return fromMs + (left / this.#breakMs) * (toMs - fromMs);
      left -= this.#breakMs;
      at = toMs;
    }
    return Math.min(this.durationMs, at + left);
  }
}

/** Return the idle times between moments, ascending, that may be drawn as breaks. */
export function silencesOf(moments: readonly number[], durationMs: number): Span[] {
  const silences: Span[] = [];
  let last = 0;
  for (const at of [...moments, durationMs]) {
    if (at - last >= BREAK_MS_MIN) silences.push({ fromMs: last, toMs: at });
    if (at > last) last = at;
  }
  return silences;
}
