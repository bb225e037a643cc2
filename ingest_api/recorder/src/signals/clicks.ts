/** Note each click: whether its target looks clickable, and whether the page responded. */

import { guard } from "../guard.ts";
import type { Signal } from "./click_outcomes.ts";
import { textOf } from "./element_path.ts";
import { isInteractive } from "./interactive.ts";
import { listen } from "./listen.ts";

const ANSWER_MS = 1000; // the product's definition of a dead click
// A timer that is this late was held up by a dialog, not by a busy machine: the page did something.
const HELD_UP_MS = 1000;
const PENDING_MAX = 50; // nobody clicks so often; scripts that make trusted clicks do

/** Each click is noted when a second has passed. */
export const clicks: Signal = (recording, _, stops) => {
  const pending = new Map<number, (hasLeft: boolean) => void>();
  stops.push(
    listen("pagehide", () => {
      for (const finish of [...pending.values()]) finish(true);
    }),
    () => {
      for (const timer of pending.keys()) clearTimeout(timer);
    },
  );

  return (press) => {
    if (pending.size >= PENDING_MAX) return;
    const { id, x, y, at_ms, path, target } = press;
    const interactive = isInteractive(target);
    const text = textOf(target);
    const due = performance.now() + ANSWER_MS + HELD_UP_MS;
    const finish = guard((hasLeft: boolean) => {
      clearTimeout(timer);
      pending.delete(timer);
      const reacted = hasLeft || performance.now() > due || press.isAnswered;
      const note = { id, x, y, interactive, reacted, target: path, text };
      recording.note("replaylake.click", note, at_ms);
    });
    const timer = window.setTimeout(finish, ANSWER_MS, false);
    pending.set(timer, finish);
  };
};
