/**
 * One window of a session, as far as it is read: the events for the screen, interactions and notes.
 * Reading can be paused and resumed; no event is added twice.
 */

import { FULL_SNAPSHOT, type RecordedEvent } from "../model/events.ts";
import { isInteraction } from "../model/idle.ts";
import { NOTES_MAX, type Note, notesOf } from "../model/notes.ts";
import { Defuser } from "../safety/defuse.ts";
import type { Part } from "./source.ts";
import { type Damage, EventStream } from "./stream.ts";
import type { TapeState, Window } from "./windows.ts";

/** Interactions closer than this are merged: a day of mouse moves must not fill the memory. */
const INTERACTION_EVERY_MS = 200;

export class Tape implements TapeState {
  /** Defused events for the screen, ascending. */
  readonly events: RecordedEvent[] = [];
  /** Times of interactions in this window, ms of the session, ascending. */
  readonly interactions: number[] = [];
  readonly notes: Note[] = [];
  loadedToMs = Number.NEGATIVE_INFINITY;
  isDone = false;
  bytes = 0;
  damage: Damage | null = null;
  hasSnapshot = false;
  /** Time of the newest event, and how many have it: reading resumes there. */
  #last = Number.NEGATIVE_INFINITY;
  #sameCount = 0;
  #known: { at: number; count: number } | null = null;
  #stream: EventStream | null = null;
  readonly #defuser = new Defuser();
  readonly #window: Window;
  readonly #startAt: number;
  readonly #open: (part: Part) => Promise<Response>;

  /**
   * Args:
   *   startAt: When the session began, ms since the epoch.
   *   open: Ask for a part of the session.
   */
  constructor(window: Window, startAt: number, open: (part: Part) => Promise<Response>) {
    this.#window = window;
    this.#startAt = startAt;
    this.#open = open;
  }

  /** Read a piece and return its events for the screen. Throws the errors of the request. */
  async read(): Promise<RecordedEvent[]> {
    if (this.isDone) return [];
    const { fromMs, toMs, pageId } = this.#window;
    if (!this.#stream) {
      const isFirst = this.#last === Number.NEGATIVE_INFINITY;
      const begin = isFirst ? fromMs : Math.max(0, Math.floor(this.#last - this.#startAt));
      this.#stream = new EventStream(await this.#open({ fromMs: begin, toMs, pageId }));
      this.#known = isFirst ? null : { at: this.#last, count: this.#sameCount };
    }
    const stream = this.#stream;
    const before = stream.bytes;
    const raw = await stream.read();
    this.bytes += stream.bytes - before;
    if (raw) return this.#take(raw);
    if (stream === this.#stream) {
      this.isDone = true;
      this.damage = stream.damage;
      this.#stream = null;
      if (Number.isFinite(toMs)) this.loadedToMs = Math.max(this.loadedToMs, toMs);
    }
    return [];
  }

  /** Close the connection; `read` requests the rest. */
  async pause(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    await stream?.cancel();
  }

  /** Check for more events. */
  resume(): void {
    this.isDone = false;
    this.damage = null;
  }

  #take(raw: RecordedEvent[]): RecordedEvent[] {
    const shown: RecordedEvent[] = [];
    for (const event of raw) {
      if (this.#isKnown(event)) continue;
      this.#sameCount = event.timestamp === this.#last ? this.#sameCount + 1 : 1;
      // A clock that goes back is treated as if it stood still.
      this.#last = Math.max(this.#last, event.timestamp);
      const atMs = this.#last - this.#startAt;
      this.loadedToMs = Math.max(this.loadedToMs, atMs);
      this.#see(event, atMs);
      const safe = this.#defuser.event(event);
      if (!safe) continue;
      safe.timestamp = this.#last;
      if (safe.type === FULL_SNAPSHOT) this.hasSnapshot = true;
      this.events.push(safe);
      shown.push(safe);
    }
    return shown;
  }

  #isKnown({ timestamp }: RecordedEvent): boolean {
    if (!this.#known) return false;
    const { at, count } = this.#known;
    if (timestamp < at) return true;
    if (timestamp > at || count <= 0) {
      this.#known = null;
      return false;
    }
    this.#known = { at, count: count - 1 };
    return true;
  }

  /** What lies before the window is there to draw it, and belongs to the window before. */
  #see(event: RecordedEvent, atMs: number): void {
    if (atMs < this.#window.fromMs) return;
    const last = this.interactions.at(-1);
    if (isInteraction(event) && (last === undefined || atMs - last >= INTERACTION_EVERY_MS))
      this.interactions.push(atMs);
    if (this.notes.length < NOTES_MAX) this.notes.push(...notesOf(event, atMs));
  }
}
