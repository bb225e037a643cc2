/** Note scrolls that the page makes itself: tours, links to anchors, back-to-top buttons. */

import type { Recording, Stop } from "../types.ts";
import { all, listen } from "./listen.ts";

// Smooth scrolling goes on after the wheel, and a fling after the finger.
const AFTER_MS = 1000;
const AFTER_TOUCH_MS = 3000;
const STEP_PX = 100; // a turn is of 200
const EVERY_MS = 300; // a note counts for a while

/** The last note of a document or an element. */
interface Noted {
  top: number;
  at: number;
}

export function onOwnScroll(recording: Recording): Stop {
  let visitors_until = 0;
  let isHeld = false; // a scroll bar's thumb, or a selection that pulls the page along
  const noted = new WeakMap<Node, Noted>();
  const stops = [
    listen("wheel keydown touchmove", ({ type }) => {
      const after = type === "touchmove" ? AFTER_TOUCH_MS : AFTER_MS;
      visitors_until = performance.now() + after;
    }),
    listen("pointerdown", () => {
      isHeld = true;
    }),
    listen("pointerup pointercancel click", () => {
      isHeld = false;
    }),
    listen("scroll", (event) => {
      const node = event.target as Document | Element;
      const now = performance.now();
      const { scrollTop: top } =
        "scrollTop" in node ? node : (node.scrollingElement ?? { scrollTop: 0 });
      const last = noted.get(node);
      if (isHeld || now < visitors_until) return;
      if (last && (Math.abs(top - last.top) < STEP_PX || now - last.at < EVERY_MS)) return;
      noted.set(node, { top, at: now });
      recording.note("replaylake.own_scroll", { id: recording.idOf(node) });
    }),
  ];
  return all(stops);
}
