/**
 * Detect changes that a page makes by itself: clocks, carousels, polled lists, what follows the
 * mouse. They recur on the same nodes while nobody clicks, and are no response to a click.
 */

const NODES_MAX = 128; // the page's liveliest; one too few only hides a dead click
// How far a change may be off the rhythm so far: timers are late on a busy machine.
const EARLY = 0.6;
const LATE = 1.5;
const LATE_MS = 200; // for each time that it was seen: a page that hangs is later still
const LATER = 4; // and so much later at most: what came in a burst is over soon
const SEEN_MIN = 3; // one pause is no rhythm
const SEEN_MAX = 5;
const FORGET = 0.8; // of the longest and the shortest pause, at each change

interface Rhythm {
  at: number;
  /** How often it was seen, up to SEEN_MAX. */
  seen: number;
  /** The shortest and the longest pause between two changes, of late; 0: only one was seen. */
  least: number;
  most: number;
  /** How much later than ever the last change came: timers make up for it with the next one. */
  late: number;
  /** Whether it has changed as the mouse moved. */
  follows: boolean;
}

export class BackgroundChanges {
  readonly #rhythms = new Map<number, Rhythm>();

  /**
   * Return whether the page makes this change by itself, and learn of it.
   *
   * `isPrompted`: a click or key was so shortly before that it may be an answer, and teaches
   * nothing. `isMoving`: the mouse moved just now.
   */
  isOwn(ids: readonly number[], now: number, isPrompted: boolean, isMoving: boolean): boolean {
    let isOwn = ids.length > 0;
    for (const id of ids) {
      const rhythm = this.#rhythms.get(id);
      if (!rhythm) {
        isOwn = false;
        const first = { at: now, seen: 1, least: 0, most: 0, late: 0, follows: isMoving };
        if (!isPrompted) this.#add(id, first);
        continue;
      }
      const pause = now - rhythm.at;
      const isEarly = pause < rhythm.least * EARLY - rhythm.late;
      const slack = Math.min(rhythm.seen * LATE_MS, rhythm.most * LATER);
      const ticks = rhythm.seen >= SEEN_MIN && !isEarly && pause < rhythm.most * LATE + slack;
      if (!ticks && !(rhythm.follows && isMoving)) isOwn = false;
      if (!isPrompted || !isEarly) {
        rhythm.at = now;
        rhythm.late = rhythm.most && Math.max(0, pause - rhythm.most);
      }
      if (!isPrompted) {
        rhythm.seen = Math.min(rhythm.seen + 1, SEEN_MAX);
        rhythm.least = Math.min(pause, rhythm.least / FORGET || pause);
        rhythm.most = Math.max(pause, rhythm.most * FORGET);
        rhythm.follows ||= isMoving;
      }
    }
    return isOwn;
  }

  #add(id: number, rhythm: Rhythm): void {
    const [oldest] = this.#rhythms.keys();
    if (this.#rhythms.size >= NODES_MAX) this.#rhythms.delete(oldest as number);
    this.#rhythms.set(id, rhythm);
  }
}
