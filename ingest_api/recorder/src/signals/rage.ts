/** Rage clicks: three or more in the same place within half a second, that did not help. */

import { guard } from "../guard.ts";
import type { Press, Signal } from "./click_outcomes.ts";
import { controlOf, EDITABLE, nearest } from "./element_path.ts";
import { isOpaque } from "./interactive.ts";
import { listen } from "./listen.ts";

const CLICKS_MIN = 3;
const WINDOW_MS = 500;
const RADIUS_PX = 30;
// Two clicks select a word and three a paragraph; nobody selects with a fourth.
const SELECTING_CLICKS_MAX = 3;
const FIELDS = `textarea,select,input:not([type=button],[type=submit],[type=checkbox],[type=radio]),${EDITABLE}`;

/** A burst is noted once, when it is over. */
export const rage: Signal = (recording, answers, stops) => {
  let burst: Press[] = [];
  let hasSelected = false;
  let timer = 0;

  const finish = guard(() => {
    clearTimeout(timer);
    const presses = burst;
    const selected = hasSelected;
    burst = [];
    hasSelected = false;
    const first = presses[0];
    if (!first || presses.length < CLICKS_MIN) return;
    if (selected && presses.length <= SELECTING_CLICKS_MAX) return;
    // Steppers and carousels are clicked fast as well: each click does what it should, the last ones
    // too. A page that is slow may answer two at once.
    const total = answers();
    const wanted = (i: number) => presses.slice(i + 1).filter(({ isInRow }) => !isInRow).length + 1;
    if (presses.every(({ before }, i) => total - before >= wanted(i))) return;
    const { id, x, y, path, at_ms } = first;
    const note = { id, x, y, count: presses.length, target: path };
    recording.note("replaylake.rage_click", note, at_ms);
  });
  stops.push(listen("pagehide", finish), () => clearTimeout(timer));

  return (press) => {
    const { target, stamp, x, y } = press;
    if (nearest(target, FIELDS) || isOpaque(target)) return finish();
    const isFar = (first: Press) => Math.hypot(first.x - x, first.y - y) > RADIUS_PX;
    // Browsers blur the stamps by a tenth of a millisecond.
    const isLate = (first: Press) => Math.round(stamp - first.stamp) > WINDOW_MS;
    for (let first = burst[0]; first; first = burst[0]) {
      if (!isFar(first) && (burst.length >= CLICKS_MIN || !isLate(first))) break;
      if (burst.length >= CLICKS_MIN) finish();
      else burst.shift();
    }
    if (!burst.length) hasSelected = false;
    burst.push(press);
    // Text of buttons and links is selected by accident.
    const selection = document.getSelection();
    if (press.detail > 1 && selection?.isCollapsed === false && !controlOf(target))
      hasSelected ||= selection.containsNode(target, true);
    clearTimeout(timer);
    timer = window.setTimeout(finish, WINDOW_MS);
  };
};
