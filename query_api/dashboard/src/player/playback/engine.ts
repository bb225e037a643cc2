/**
 * Play a session: keep the time, read ahead, and show window after window on the screen.
 *
 * Independent of components: these read its signals and call its methods. Times are ms of the
 * session.
 */

import { batch, signal } from "@preact/signals";
import { after, silenceUntil, skipStep } from "../model/idle.ts";
import type { Note } from "../model/notes.ts";
import { Screen } from "./screen.ts";
import type { Recording, Source } from "./source.ts";
import { stagesOf } from "./stages.ts";
import { Tape } from "./tape.ts";
import { dropped, type Window, wanted, windowAt, windowsOf } from "./windows.ts";

export const SPEEDS = [0.5, 1, 2, 4, 8];
/** At most this much time passes in one frame, even if it took longer, as in a hidden tab. */
const PICTURE_MS_MAX = 100;
const LIVE_EVERY_MS = 3_000;
/** Panels that count all events are not updated with every piece. */
const REVISE_EVERY_MS = 400;
/** Longer work without a pause would be noticed. */
const WORK_MS_MAX = 12;
const AGAIN_AFTER_MS = 1_000;
const TRIES = 3;

/** Reason why there is no picture. */
export type Trouble = "nothing-to-draw" | "unreachable";

export class Engine {
  readonly atMs = signal(0);
  readonly durationMs = signal(0);
  readonly isPlaying = signal(false);
  readonly speed = signal(1);
  readonly skipsSilence = signal(true);
  /** End of the idle time that is being skipped, null if none is. */
  readonly skippingToMs = signal<number | null>(null);
  readonly isLoading = signal(true);
  readonly trouble = signal<Trouble | null>(null);
  readonly isDamaged = signal(false);
  readonly view = signal({ width: 0, height: 0 });
  /** Increases when events were read, so that panels update. */
  readonly revision = signal(0);
  readonly #windows: Window[];
  readonly #tapes = new Map<number, Tape>();
  /** Interactions and notes of windows whose tapes were dropped. */
  readonly #archived = new Map<number, { interactions: number[]; notes: Note[] }>();
  readonly #source: Source;
  readonly #startAt: number;
  readonly #root: HTMLElement;
  readonly #isLive: boolean;
  #shown: number;
  #screen: Screen | null = null;
  #pictureAt: number | null = null;
  #picture = 0;
  #revisedAt = 0;
  #lookedAt = 0;
  #wake: () => void = () => {};
  #isClosed = false;

  /** `root` is where the screen is put. */
  constructor(source: Source, recording: Recording, root: HTMLElement, atMs: number) {
    this.#source = source;
    this.#startAt = recording.firstAtMs;
    this.#root = root;
    this.#isLive = recording.isLive;
    this.durationMs.value = recording.duration;
    const stages = stagesOf(recording.pageList, recording.duration);
    this.#windows = windowsOf(stages, recording.frames);
    this.atMs.value = Math.min(Math.max(0, atMs), recording.duration);
    this.#shown = windowAt(this.#windows, this.atMs.value);
    void this.#readOn();
  }

  close(): void {
    this.#isClosed = true;
    cancelAnimationFrame(this.#picture);
    this.#wake();
    for (const tape of this.#tapes.values()) void tape.pause();
    this.#screen?.destroy();
  }

  /** Times of interactions in what was read, ascending. */
  interactions(): number[] {
    return this.#ordered().flatMap(({ interactions }) => interactions);
  }

  /** Whether the whole session was read, so that `interactions` is complete. */
  isWhole(): boolean {
    return this.#windows.every(
      (_, number) => this.#archived.has(number) || this.#tapes.get(number)?.isDone,
    );
  }

  notes(): Note[] {
    return this.#ordered().flatMap(({ notes }) => notes);
  }

  toggle(): void {
    if (this.isPlaying.value) this.pause();
    else this.play();
  }

  play(): void {
    if (this.atMs.value >= this.durationMs.value && !this.#isLive) this.seek(0);
    this.isPlaying.value = true;
    this.#screen?.show(this.#startAt + this.atMs.value, true);
    this.#pictureAt = null;
    this.#picture = requestAnimationFrame(this.#tick);
  }

  pause(): void {
    batch(() => {
      this.isPlaying.value = false;
      this.skippingToMs.value = null;
    });
    cancelAnimationFrame(this.#picture);
    this.#screen?.show(this.#startAt + this.atMs.value, false);
  }

  setSkips(skips: boolean): void {
    batch(() => {
      this.skipsSilence.value = skips;
      this.skippingToMs.value = null;
    });
  }

  seek(atMs: number): void {
    batch(() => {
      this.skippingToMs.value = null;
      this.atMs.value = Math.min(Math.max(0, atMs), this.durationMs.value);
    });
    const shown = windowAt(this.#windows, this.atMs.value);
    if (shown !== this.#shown) this.#leave(shown);
    this.#draw();
    this.#wake();
  }

  /** Seek to the next or previous event that changes the picture, and pause. */
  step(direction: 1 | -1): void {
    if (this.isPlaying.value) this.pause();
    const times = (this.#tapes.get(this.#shown)?.events ?? []).map(
      ({ timestamp }) => timestamp - this.#startAt,
    );
    const next = after(times, this.atMs.value);
    const at = direction === 1 ? times[next] : times[after(times, this.atMs.value - 1) - 1];
    if (at !== undefined) this.seek(at);
  }

  #ordered(): { interactions: number[]; notes: Note[] }[] {
    const all = new Map([...this.#archived, ...this.#tapes]);
    return [...all.keys()].sort((a, b) => a - b).map((number) => all.get(number) as Tape);
  }

  #leave(next: number): void {
    this.#screen?.destroy();
    this.#screen = null;
    this.#shown = next;
    this.trouble.value = null;
  }

  /** Draw the moment if enough is read for it. */
  #draw(): void {
    const tape = this.#tapes.get(this.#shown);
    const isThere = tape !== undefined && (tape.isDone || tape.loadedToMs > this.atMs.value);
    this.isLoading.value = !isThere;
    if (!isThere) return;
    if (!this.#screen) {
      if (!tape.hasSnapshot) {
        this.trouble.value = "nothing-to-draw";
        return;
      }
      this.#screen = new Screen(this.#root, tape.events, (width, height) => {
        this.view.value = { width, height };
      });
      this.trouble.value = null;
    }
    this.#screen.show(this.#startAt + this.atMs.value, this.isPlaying.value);
  }

  readonly #tick = (now: number): void => {
    if (!this.isPlaying.value) return;
    const passed = Math.min(PICTURE_MS_MAX, now - (this.#pictureAt ?? now));
    this.#pictureAt = now;
    const tape = this.#tapes.get(this.#shown);
    if (tape && !this.isLoading.value) this.#pass(tape, passed);
    else this.#draw();
    if (this.isPlaying.value) this.#picture = requestAnimationFrame(this.#tick);
  };

  /** Let time pass, at most to the end of what is read. */
  #pass(tape: Tape, passed: number): void {
    const at = this.atMs.value;
    const window = this.#windows[this.#shown] as Window;
    const end = Math.min(window.toMs, Math.max(this.durationMs.value, at));
    if (this.skippingToMs.value === null && this.skipsSilence.value) {
      this.skippingToMs.value = silenceUntil(tape.interactions, at, tape.isDone ? end : null);
    }
    const until = this.skippingToMs.value;
    const step =
      until === null
        ? passed * this.speed.value
        : skipStep(Math.max(0, until - at), passed, this.speed.value);
    const limit = tape.isDone ? end : Math.min(end, tape.loadedToMs);
    const next = Math.min(limit, at + step);
    batch(() => {
      this.atMs.value = next;
      if (until !== null && next >= until - 1) this.skippingToMs.value = null;
    });
    this.#screen?.advance(this.#startAt + next);
    this.#wake();
    if (next < limit) return;
    if (!tape.isDone) this.isLoading.value = true;
    else if (this.#shown + 1 < this.#windows.length) {
      this.#leave(this.#shown + 1);
      this.#draw();
    } else if (!this.#isLive) this.pause();
  }

  /** Read the wanted windows, one response at a time, until closed. */
  async #readOn(): Promise<void> {
    let tries = 0;
    let since = performance.now();
    while (!this.#isClosed) {
      if (performance.now() - since > WORK_MS_MAX) {
        await pause(0);
        since = performance.now();
      }
      const current = this.#tapes.get(this.#shown);
      const interaction =
        current?.interactions[after(current.interactions, this.atMs.value)] ?? null;
      const number = wanted(this.#windows, this.#tapes, this.#shown, this.atMs.value, interaction);
      if (number === null) {
        await this.#rest();
        continue;
      }
      const tape = this.#tape(number);
      try {
        const events = await tape.read();
        if (this.#isClosed) return;
        if (number === this.#shown && this.#screen) this.#screen.append(events);
        if (events.length) tries = 0;
        if (tape.damage === "cut" && ++tries < TRIES) {
          await pause(AGAIN_AFTER_MS);
          tape.resume();
        }
      } catch {
        if (++tries >= TRIES) {
          this.trouble.value = "unreachable";
          tries = 0;
          await this.#rest();
        } else await pause(AGAIN_AFTER_MS * tries);
        continue;
      }
      if (this.#isClosed) return;
      this.#took(number, tape);
    }
  }

  #took(number: number, tape: Tape): void {
    batch(() => {
      if (tape.isDone || performance.now() - this.#revisedAt > REVISE_EVERY_MS) {
        this.#revisedAt = performance.now();
        this.revision.value += 1;
      }
      if (this.trouble.value === "unreachable") this.trouble.value = null;
      if (tape.isDone && tape.damage) this.isDamaged.value = true;
      if (this.#isLive) this.durationMs.value = Math.max(this.durationMs.value, tape.loadedToMs);
      if (number === this.#shown && (this.isLoading.value || !this.#screen)) this.#draw();
    });
    for (const unneeded of dropped(this.#tapes, this.#shown)) {
      const { interactions, notes } = this.#tapes.get(unneeded) as Tape;
      this.#archived.set(unneeded, { interactions, notes });
      void this.#tapes.get(unneeded)?.pause();
      this.#tapes.delete(unneeded);
    }
  }

  /** Return a window's tape; the others close their connections, as browsers allow only six. */
  #tape(number: number): Tape {
    for (const [other, tape] of this.#tapes) if (other !== number) void tape.pause();
    let tape = this.#tapes.get(number);
    if (!tape) {
      const window = this.#windows[number] as Window;
      tape = new Tape(window, this.#startAt, (part) => this.#source.replay(part));
      this.#tapes.set(number, tape);
    }
    return tape;
  }

  /** Wait until something has changed; check a live session for more after a while. */
  async #rest(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (!this.#isLive) return woken;
    await Promise.race([woken, pause(LIVE_EVERY_MS)]);
    const last = this.#windows.length - 1;
    if (this.#shown !== last || performance.now() - this.#lookedAt < LIVE_EVERY_MS) return;
    this.#lookedAt = performance.now();
    this.#tapes.get(last)?.resume();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
