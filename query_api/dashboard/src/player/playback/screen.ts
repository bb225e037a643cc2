/**
 * Draw with rrweb's replayer. The engine sets the time; the replayer runs no clock of its own.
 *
 * Its frame has a sandbox in which no script runs, and its events have passed `defuse.ts`.
 */

import { Replayer } from "rrweb";
import "rrweb/dist/style.css";
import { CUSTOM, FULL_SNAPSHOT, META, type RecordedEvent } from "../model/events.ts";
import { SHOWN_RULES } from "../safety/defuse_nodes.ts";
import { hovered } from "../safety/hover.ts";
import { type Addition, placeable } from "../safety/mutation_order.ts";

/** Where no script may run, a browser lays a canvas out as if it were a span. */
const RULES = [
  ":where(canvas) { display: inline-block }",
  ":where(canvas) { width: attr(width px, 300px); height: attr(height px, 150px) }",
  ...SHOWN_RULES,
];
/** CSS px, of a page that no recorder measured: most screens are about so. */
const VIEW = { width: 1_280, height: 720 };
/** Later than any clock: rrweb takes the last event that it has for the end, and stops there. */
const NEVER = 8.64e15;

/** A change of the page, as `defuse.ts` leaves it. */
interface Change {
  adds: Addition[];
  removes: unknown[];
  texts: unknown[];
  attributes: unknown[];
}

/** Internals of the replayer that are used. */
interface Inside {
  cache: unknown;
  usingVirtualDom: boolean;
  mirror: { has(id: number): boolean };
  virtualDom: { mirror: { has(id: number): boolean } };
  timer: { timeOffset: number };
  adoptedStyleSheets: unknown[];
  applyStyleSheetMutation(data: unknown, ...rest: unknown[]): void;
  applyAdoptedStyleSheet(data: unknown): void;
  applyIncremental(...all: unknown[]): void;
  applyMutation(data: Change, isSync: boolean): void;
  rebuildFullSnapshot(...all: unknown[]): void;
}

/** Replaces the replayer's cache of adapted sheets, and stores nothing. */
const SHEETS = { stylesWithHoverClass: { get: hovered, set: () => {} } };

export class Screen {
  readonly #replayer: Replayer;
  readonly #inside: Inside;
  readonly #firstAt: number;
  /** What is shown before the first picture is this picture, offset in ms. */
  readonly #leastMs: number;
  #shownAt = 0;
  #isPlaying = false;

  /**
   * Args:
   *   events: With a full snapshot.
   *   resized: Called with the recorded view's size, CSS px.
   */
  constructor(
    root: HTMLElement,
    events: readonly RecordedEvent[],
    resized: (width: number, height: number) => void,
  ) {
    this.#firstAt = (events[0] as RecordedEvent).timestamp;
    const snapshot = events.find(({ type }) => type === FULL_SNAPSHOT) as RecordedEvent;
    this.#leastMs = snapshot.timestamp - this.#firstAt;
    const end = { type: CUSTOM, data: { tag: "end", payload: null }, timestamp: NEVER };
    const isMeasured = events.slice(0, events.indexOf(snapshot)).some(({ type }) => type === META);
    const meta = { type: META, data: { href: "about:blank", ...VIEW }, timestamp: this.#firstAt };
    const begun = isMeasured ? events : [meta, ...events];
    this.#replayer = new Replayer([...begun, end] as ConstructorParameters<typeof Replayer>[0], {
      root,
      speed: 0,
      mouseTail: false,
      triggerFocus: false,
      showWarning: false,
      insertStyleRules: RULES,
    });
    this.#inside = this.#replayer as unknown as Inside;
    this.#inside.cache = SHEETS;
    this.#mend();
    this.#replayer.on("resize", (size) => {
      const { width, height } = size as { width: number; height: number };
      resized(width, height);
    });
    const { iframe, wrapper } = this.#replayer;
    if (iframe.getAttribute("sandbox") !== "allow-same-origin") throw new Error("no sandbox");
    iframe.title = "What the visitor saw";
    iframe.tabIndex = -1;
    wrapper.inert = true;
  }

  /** Draw a moment, ms since the epoch, by applying all events up to it. */
  show(at: number, isPlaying: boolean): void {
    // Including the events of that very moment.
    this.#shownAt = Math.max(this.#leastMs, at - this.#firstAt) + 1;
    this.#isPlaying = isPlaying;
    if (isPlaying) this.#replayer.play(this.#shownAt);
    else this.#replayer.pause(this.#shownAt);
  }

  /** Advance to a later moment. */
  advance(at: number): void {
    const passed = at - this.#firstAt + 1 - this.#shownAt;
    if (this.#isPlaying) this.#inside.timer.timeOffset = Math.max(0, passed);
  }

  /** Add the events that come next. */
  append(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      this.#replayer.addEvent(event as Parameters<Replayer["addEvent"]>[0]);
    }
  }

  destroy(): void {
    this.#replayer.destroy();
  }

  #mend(): void {
    const inside = this.#inside;
    const change = inside.applyStyleSheetMutation.bind(inside);
    // On a seek it would change the rules of adopted sheets before it makes these sheets.
    inside.applyStyleSheetMutation = (...all) => {
      const adopted = inside.adoptedStyleSheets;
      inside.adoptedStyleSheets = [];
      for (const sheet of adopted) inside.applyAdoptedStyleSheet(sheet);
      change(...all);
    };
    const mutate = inside.applyMutation.bind(inside);
    inside.applyMutation = (data, isSync) => {
      mutate({ ...data, adds: [], texts: [], attributes: [] }, isSync);
      const { mirror } = inside.usingVirtualDom ? inside.virtualDom : inside;
      const adds = placeable(data.adds, (id) => mirror.has(id));
      mutate({ ...data, adds, removes: [] }, isSync);
    };
    // One event that cannot be drawn must not stop those after it.
    for (const name of ["applyIncremental", "rebuildFullSnapshot"] as const) {
      const draw = inside[name].bind(inside);
      inside[name] = (...all) => {
        try {
          draw(...all);
        } catch (error) {
          console.warn("an event could not be drawn", error);
        }
      };
    }
  }
}
