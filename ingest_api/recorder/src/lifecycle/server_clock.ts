/**
 * Estimate the server's time: the browser's clock plus an offset from the configuration, without
 * steps back or leaps of days if the browser's clock is set meanwhile.
 */

const LEAP_MS = 86_400_000; // longer than a machine sleeps in the middle of a session

export class Clock {
  /** ms to be added to the browser's clock. */
  offset_ms: number;
  #last_ms = 0;
  #lastSteady_ms = performance.now();

  constructor(offset_ms: number) {
    this.offset_ms = offset_ms;
    this.#last_ms = Date.now() + offset_ms;
  }

  /** Return the server's time, ms since the Unix epoch; never less than before. */
  now(): number {
    const steady = performance.now();
    let now = Date.now() + this.offset_ms;
    const expected = this.#last_ms + Math.max(0, steady - this.#lastSteady_ms);
    if (now < this.#last_ms || now > expected + LEAP_MS) {
      this.offset_ms += Math.round(expected) - now;
      now = Math.round(expected);
    }
    this.#last_ms = now;
    this.#lastSteady_ms = steady;
    return now;
  }

  /** Return the server's time of an instant of the browser's clock that is not long past. */
  at(local_ms: number): number {
    return Math.min(this.now(), local_ms + this.offset_ms);
  }
}
