/** Observe clicks, touches, focus and the like, as rrweb's mouse interactions. */

import { callbackWrapper, getEventTarget, on, runHandler } from "rrweb";
import { isBlocked } from "./accessors.ts";
import type { Observation } from "./context.ts";
import type { StopObserving } from "./types.ts";

// The place of each is rrweb's number of it. Presses and releases are heard as a pointer's.
const INTERACTIONS =
  "pointerup pointerdown click contextmenu dblclick focus blur touchstart - touchend touchcancel";
const CLICK = 2;
const TOUCH_START = 7;
const TOUCH_END = 9;

// rrweb's numbers of pointer types are places here.
const POINTER_TYPES = ["mouse", "pen", "touch"];
const TOUCH = 2;

export function observeInteractions({
  mouseInteractionCb,
  doc,
  mirror,
  blockSelector,
}: Observation): StopObserving {
  let lastPointer = -1;
  const report = (kind: number) => (event: PointerEvent & Partial<TouchEvent>) => {
    const target = getEventTarget(event);
    if (isBlocked(target, null, blockSelector, true)) return;
    const touch = event.changedTouches?.[0];
    let pointerType = touch ? TOUCH : POINTER_TYPES.indexOf(event.pointerType);
    let type = kind;
    if (pointerType === TOUCH && kind < CLICK) type = kind ? TOUCH_START : TOUCH_END;
    if (pointerType >= 0) {
      lastPointer = pointerType;
      // A touch's type, and a mouse's press or release, imply the pointer.
      const implied = type >= TOUCH_START ? TOUCH : type < CLICK ? 0 : -1;
      if (pointerType === implied) pointerType = -1;
    } else if (kind === CLICK) {
      pointerType = lastPointer;
      lastPointer = -1;
    }
    const { clientX: x, clientY: y } = touch ?? event;
    const more = pointerType >= 0 && { pointerType };
    mouseInteractionCb({ type, id: mirror.getId(target), x, y, ...more });
  };
  const stops = INTERACTIONS.split(" ").map((name, kind) => {
    return /^touch[se]|-/.test(name) ? () => {} : on(name, callbackWrapper(report(kind)), doc);
  });
  return () => stops.forEach(runHandler);
}
