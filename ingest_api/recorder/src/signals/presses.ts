/**
 * Clicks that a person made, each once and with what had happened on the page before it, and the
 * counting of what a page does in answer. What a click without an answer means is not told here.
 */

import { guard } from "../guard.ts";
import type { Recording, Stop } from "../types.ts";
import { all, listen, navigation, targetOf } from "./listen.ts";
import { EDITABLE, pathOf } from "./path.ts";

// Answers that leave no trace in the DOM: state of controls, media, windows, the way elsewhere.
const STIRS = "input submit toggle play pause copy fullscreenchange blur visibilitychange";
// A label passes its click on to its control, and browsers call that a person's too.
const PASSED_ON_MS = 20;

/** How often the page has changed or stirred so far, and how often text was selected. */
export type Answers = () => [changes: number, selections: number];

export interface Press {
  target: Element;
  /** Taken now, as the path is: what is clicked may be gone when it is told. */
  id: number;
  path: string;
  x: number;
  y: number;
  /** By the clock of `performance.now()`: when the mouse button went, however busy the page was. */
  stamp: number;
  at_ms: number;
  /** The how manieth of a double or triple click. */
  detail: number;
  /** What was so before the button went down: menus open at that already. */
  before: ReturnType<Answers>;
}

/** What is made of clicks: returns their receiver, and adds its end to `stops`. */
export type Signal = (
  recording: Recording,
  answers: Answers,
  stops: Stop[],
) => (press: Press) => void;

/** Give each click of a person's to all of the signals. */
export function onPress(recording: Recording, ...signals: Signal[]): Stop {
  let stirs = 0;
  let selections = 0;
  let hadSelection = false;
  let last = 0;
  const answers: Answers = () => [recording.changes() + stirs, selections];
  let before = answers();
  const stir = () => {
    stirs += 1;
  };

  const stops = [
    listen("pointerdown", () => {
      before = answers();
    }),
    listen<MouseEvent>("click", (event) => {
      const target = targetOf(event);
      if (!event.isTrusted) return stir(); // a script clicks for its own reasons: it has answered
      const { clientX: x, clientY: y, timeStamp: stamp, detail } = event;
      if (!detail || !(target instanceof Element)) return; // a key's, which is never lost
      const isPassedOn = stamp - last < PASSED_ON_MS && (target as HTMLInputElement).labels?.[0];
      last = stamp;
      if (isPassedOn) return;
      const id = recording.idOf(target);
      const path = pathOf(target);
      const press = { target, id, path, x, y, stamp, at_ms: Date.now(), detail, before };
      for (const receive of receivers) receive(press);
    }),
    listen(STIRS, stir),
    listen("focusin", (event) => {
      if (targetOf(event).matches(`input,textarea,${EDITABLE}`)) stir();
    }),
    listen(
      "selectionchange",
      () => {
        // A click into text moves an invisible caret; only what can be seen is an answer.
        const has = document.getSelection()?.isCollapsed === false;
        if (has || hadSelection) selections += 1;
        hadSelection = has;
      },
      document,
    ),
  ];
  const receivers = signals.map((signal) => guard(signal(recording, answers, stops)));
  // The start of a navigation, which may take longer than we wait; `beforeunload` would tell it too,
  // but keeps pages out of the back/forward cache.
  if (navigation) stops.push(listen("navigate", stir, navigation));
  return all(stops);
}
