/**
 * Observe the visitor's clicks, each once, and whether the page responds to them. The meaning of a
 * click without a response is left to the signals.
 */

import { guard } from "../guard.ts";
import type { Recording, Stop } from "../types.ts";
import { BackgroundChanges } from "./background_changes.ts";
import { EDITABLE, pathOf } from "./element_path.ts";
import { all, listen, navigation, targetOf } from "./listen.ts";

// Responses that change no DOM: state of controls, media, windows, navigations.
const STIRS = "input submit toggle play pause copy fullscreenchange visibilitychange";
// A label passes its click on to its control, and browsers call that a person's too.
const PASSED_ON_MS = 20;
const PROMPTED_MS = 1000; // the longest that an answer takes
const MOVING_MS = 50; // what follows the mouse does so at once
const MOMENT_MS = 5; // what changes within that is one answer
const DRAG_PX = 16; // a hand that trembles, or a finger, moves less
const SCROLLED_MS = 500; // a wheel's smooth scrolling goes on so long
const HICCUP_MS = 500; // a page that is busy for longer cannot respond to the next click
const BUSY_MS = 600; // a page that is busy for so long with a click has answered: `alert`, or work

export interface Press {
  target: Element;
  /** Read at the click, as the path is: the element may be removed before it is reported. */
  id: number;
  path: string;
  x: number;
  y: number;
  /** By the clock of `performance.now()`: when the mouse button went, however busy the page was. */
  stamp: number;
  at_ms: number;
  /** Count within a double or triple click, from 1. */
  detail: number;
  /** Answers to anything before the button went down: menus open at that already. */
  before: number;
  /** Whether the page has answered it, by now. */
  isAnswered: boolean;
  /** Whether the page was still busy with the previous click: one response may be for both. */
  isInRow: boolean;
  /** Whether the page has been idle since. */
  isOver: boolean;
}

interface Scheduler {
  postTask?(fn: () => void, options: { priority: "user-blocking" }): Promise<void>;
}

type Place = Pick<Press, "x" | "y">;
type Down = Pick<Press, "x" | "y" | "before" | "isAnswered" | "isOver">;

/** How often the page has answered anything so far. */
export type Answers = () => number;

/** A signal made of clicks: returns their receiver, and adds its cleanup to `stops`. */
export type Signal = (
  recording: Recording,
  answers: Answers,
  stops: Stop[],
) => (press: Press) => void;

/** Call `fn` once the event at hand is through, before timers where the browser can. */
function soon(fn: () => void): void {
  const { scheduler } = globalThis as { scheduler?: Scheduler };
  if (scheduler?.postTask) void scheduler.postTask(fn, { priority: "user-blocking" });
  else setTimeout(fn);
}

/** Whether two places are the same, within the tremble of a hand. */
function isNear(a: Place, b: Place): boolean {
  return Math.hypot(a.x - b.x, a.y - b.y) < DRAG_PX;
}

/** Pass each of the visitor's clicks to all signals. */
export function onPress(recording: Recording, ...signals: Signal[]): Stop {
  const background = new BackgroundChanges();
  let answers = 0;
  let answered_at = 0;
  let prompted_at = Number.NEGATIVE_INFINITY;
  let moved_at = prompted_at;
  let hadSelection = false;
  let last = 0;
  /** Clicks of the last second. */
  let waiting: Press[] = [];
  /** Where the button went down, until it is a click, and whether that was answered. */
  let down: Down | null = null;
  /** The click, or `down`, whose listeners run right now: what changes meanwhile is its. */
  let handled: Down | null = null;
  /** What has changed in the present moment. */
  let moment = new Set<number>();
  let scrolled_at = prompted_at;

  const answer = (ids: readonly number[] = [], isCounted = true) => {
    const now = performance.now();
    // A busy page makes several responses at once: the first one to a click, and a second change of
    // the same nodes, are others.
    const isOther = handled?.isAnswered === false || ids.some((id) => moment.has(id));
    if (isCounted && (isOther || now - answered_at > MOMENT_MS)) {
      answers += 1;
      answered_at = now;
      moment = new Set();
    }
    for (const id of ids) moment.add(id);
    for (const click of [...waiting, down]) {
      // A second click of a double click is answered for both.
      if (click && (!handled || isNear(click, handled))) click.isAnswered = true;
    }
  };
  const handle = (click: Down) => {
    prompted_at = performance.now();
    const since = prompted_at;
    handled = click;
    soon(() => {
      if (handled === click) handled = null;
    });
    setTimeout(() => {
      click.isOver = true;
      if (performance.now() - since > BUSY_MS) click.isAnswered = true;
    });
  };

  const stops = [
    recording.watch((ids, isScroll) => {
      const now = performance.now();
      if (isScroll && now - scrolled_at < SCROLLED_MS) return; // the visitor's own
      const isPrompted = now - prompted_at < PROMPTED_MS;
      const isOwn = background.isOwn(ids, now, isPrompted, now - moved_at < MOVING_MS);
      if (handled || !isOwn) answer(ids);
    }),
    listen<PointerEvent>("pointerdown", ({ clientX: x, clientY: y }) => {
      down = { x, y, before: answers, isAnswered: false, isOver: false };
      handle(down);
    }),
    listen("pointermove", () => {
      moved_at = performance.now();
      handled = null; // its listeners are through
    }),
    // Whatever the page does from here on has another cause.
    listen("wheel touchmove keydown", ({ type }) => {
      waiting = [];
      if (type === "keydown") prompted_at = performance.now();
      else scrolled_at = performance.now();
    }),
    listen<MouseEvent>("click", (event) => {
      const target = targetOf(event);
      if (!event.isTrusted) return answer(); // a script's click is itself a response
      const { clientX: x, clientY: y, timeStamp: stamp, detail } = event;
      if (!detail || !(target instanceof Element)) return; // a key's, which is never lost
      const isPassedOn = stamp - last < PASSED_ON_MS && (target as HTMLInputElement).labels?.[0];
      last = stamp;
      if (isPassedOn) return;
      // A finger that scrolls makes no click: what moved was a tap that trembled.
      if ((event as PointerEvent).pointerType === "touch") scrolled_at = Number.NEGATIVE_INFINITY;
      const from = down ?? { x, y, before: answers, isAnswered: false };
      const { before, isAnswered } = from;
      down = null;
      // A button that went up elsewhere has dragged or selected something.
      if (!isNear(from, event)) return;
      const id = recording.idOf(target);
      const path = pathOf(target);
      const isInRow = waiting.at(-1)?.isOver === false && performance.now() - stamp < HICCUP_MS;
      const seen = { at_ms: Date.now(), before, isAnswered, isInRow, isOver: false };
      const press: Press = { target, id, path, x, y, stamp, detail, ...seen };
      waiting = waiting.filter((click) => stamp - click.stamp < PROMPTED_MS);
      waiting.push(press);
      handle(press);
      for (const receive of receivers) receive(press);
    }),
    listen(STIRS, () => answer()),
    listen("blur", ({ target }) => {
      if (target === window) answer();
    }),
    listen("focusin", (event) => {
      if (targetOf(event).matches(`input,textarea,${EDITABLE}`)) answer();
    }),
    listen(
      "selectionchange",
      () => {
        // A click into text moves an invisible caret; only what can be seen is an answer.
        const has = document.getSelection()?.isCollapsed === false;
        if (has || hadSelection) answer([], false);
        hadSelection = has;
      },
      document,
    ),
  ];
  const receivers = signals.map((signal) => guard(signal(recording, () => answers, stops)));
  // The start of a navigation, which may take longer than we wait; `beforeunload` would show it too,
  // but keeps pages out of the back/forward cache.
  if (navigation) stops.push(listen("navigate", () => answer(), navigation));
  return all(stops);
}
