/**
 * Record one page: rrweb's events and our own notes, all through one sanitizer.
 *
 * rrweb masks nothing here, so that masking is decided in one place (`privacy/`). The first snapshot
 * waits until the page has loaded and the browser is idle, or for the first interaction.
 */

import { guard } from "../guard.ts";
import type { Sanitizer } from "../privacy/index.ts";
import type { Note, NoteTag, Recording, RrwebEvent, Stop, Watcher } from "../types.ts";
import { idOf, record, takeFullSnapshot } from "../vendor/rrweb/record.ts";
import { onFirstInteraction } from "./first_interaction.ts";
import type { Clock } from "./server_clock.ts";

const IDLE_MS_MAX = 2_000; // a page that is never idle is recorded, too
const MOUSE_EVERY_MS = 50; // smooth to the eye
const MOUSE_BATCH_MS = 500;
const SCROLL_EVERY_MS = 100;
const CHECKPOINT_EVERY_MS = 60_000;
const CHECKPOINT_LENGTH = 1_000_000; // characters of changes after which a player seeks slowly
const BLANK = '[data-private="block"],.rr-block,video,audio,object,embed,applet,portal';

const FULL_SNAPSHOT = 2;
const INCREMENTAL = 3;
const META = 4;
const CUSTOM = 5;
/** Sources that change what is seen: mutations, scrolls, inputs, rules and styles. */
const CHANGES = [0, 3, 5, 8, 13, 15];
const SCROLL = 3;
const NODES_MAX = 32; // of one change: enough to recognize it

/** The nodes of an incremental event. */
interface Change {
  source: number;
  id?: number;
  texts?: { id: number }[];
  attributes?: { id: number }[];
  /** Of a mutation, or rules of a sheet: those have no nodes. */
  adds?: { parentId?: number; node?: { id: number } }[];
  removes?: { parentId?: number }[];
}

/** Receives a sanitized event, as JSON. */
export type Sink = (json: string, at_ms: number, isCheckpoint: boolean) => void;

export interface Listener {
  sink: Sink;
  /** Receives each note before it is sanitized. */
  noted(tag: NoteTag, payload: Record<string, unknown>): void;
  /** Whether a checkpoint is due each minute. */
  keepsMinutes(): boolean;
}

export class PageRecording implements Recording {
  #stopRrweb: Stop | undefined;
  #isRunning = false;
  #cancelWait: Stop = () => {};
  #changed: Watcher = () => {};
  #lastId = 0;
  #sinceCheckpoint = 0;
  #snapshotLength = 0;
  #checkpoint_ms = 0;
  readonly #sanitizer: Sanitizer;
  readonly #clock: Clock;
  readonly #listener: Listener;

  constructor(sanitizer: Sanitizer, clock: Clock, listener: Listener) {
    this.#sanitizer = sanitizer;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Whether the first snapshot is taken. */
  get hasBegun(): boolean {
    return this.#stopRrweb !== undefined;
  }

  /** Begin when the page is idle, or at the first interaction. */
  start(): void {
    this.#isRunning = true;
    this.#cancelWait = whenIdle(guard(() => this.#begin()));
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelWait();
    guard(() => this.#stopRrweb?.())();
    this.#stopRrweb = undefined;
  }

  /** Take a full snapshot, from which the replay can go on. */
  snapshot(): void {
    if (this.#stopRrweb) takeFullSnapshot();
  }

  /** Take a checkpoint where one is due. Called every few seconds. */
  tick(): void {
    if (!this.#stopRrweb || !this.#sinceCheckpoint) return;
    const isOld = this.#clock.now() - this.#checkpoint_ms >= CHECKPOINT_EVERY_MS;
    const isLong = this.#sinceCheckpoint > Math.max(CHECKPOINT_LENGTH, 2 * this.#snapshotLength);
    if (isOld && (isLong || this.#listener.keepsMinutes())) idle(guard(() => this.snapshot()));
  }

  readonly note: Note = (tag, payload, at_ms) => {
    const data = at_ms === undefined ? payload : { ...payload, at_ms: this.#clock.at(at_ms) };
    this.#emit({ type: CUSTOM, data: { tag, payload: data }, timestamp: 0 });
    if (this.#isRunning) this.#listener.noted(tag, payload);
  };

  idOf(node: Node | null): number {
    return this.#stopRrweb ? idOf(node) : -1;
  }

  watch(fn: Watcher): Stop {
    this.#changed = fn;
    return () => {
      this.#changed = () => {};
    };
  }

  #begin(): void {
    this.#stopRrweb = record({
      emit: guard((event: RrwebEvent) => this.#emit(event)),
      blockSelector: BLANK,
      sampling: {
        mousemove: MOUSE_EVERY_MS,
        mousemoveCallback: MOUSE_BATCH_MS,
        scroll: SCROLL_EVERY_MS,
      },
      errorHandler: guard((error: unknown) => {
        throw error; // so that `guard` counts it
      }),
    });
  }

  #emit(event: RrwebEvent): void {
    if (!this.#isRunning) return;
    if (event.type === INCREMENTAL) this.#see(event.data as Change);
    const clean = this.#sanitizer.event(event);
    if (!clean) return;
    clean.timestamp = this.#clock.now();
    const json = JSON.stringify(clean);
    if (event.type === META) {
      this.#sinceCheckpoint = 0;
      this.#checkpoint_ms = clean.timestamp;
    } else if (event.type === FULL_SNAPSHOT) this.#snapshotLength = json.length;
    else if (event.type === INCREMENTAL) this.#sinceCheckpoint += json.length;
    this.#listener.sink(json, clean.timestamp, event.type === META);
  }

  /** Report the nodes of a change: for a new part of the page, the node that it was added to. */
  #see({ source, id, texts, attributes, adds, removes }: Change): void {
    if (!CHANGES.includes(source)) return;
    const known = this.#lastId;
    const ids = new Set<number>();
    const note = (node: number | undefined): void => {
      if (node !== undefined && ids.size < NODES_MAX) ids.add(node);
    };
    note(id);
    for (const text of texts ?? []) note(text.id);
    for (const change of attributes ?? []) note(change.id);
    for (const { parentId } of removes ?? []) note(parentId);
    for (const { parentId, node } of adds ?? []) {
      // Ids ascend: a parent with a higher id is new itself.
      if (!known || !parentId || parentId <= known) note(parentId);
      if (node && node.id > this.#lastId) this.#lastId = node.id;
    }
    this.#changed([...ids], source === SCROLL);
  }
}

function idle(then: () => void): Stop {
  if (typeof requestIdleCallback === "function") {
    const id = requestIdleCallback(then, { timeout: IDLE_MS_MAX });
    return () => cancelIdleCallback(id);
  }
  const id = setTimeout(then, 0);
  return () => clearTimeout(id);
}

/** Wait until the page is idle. It has loaded, unless the first interaction was earlier. */
function whenIdle(then: () => void): Stop {
  if (document.readyState !== "complete") {
    then();
    return () => {};
  }
  const stops: Stop[] = [];
  const stop = (): void => {
    for (const end of stops) end();
  };
  const now = (): void => {
    stop();
    then();
  };
  stops.push(onFirstInteraction(now), idle(now));
  return stop;
}
