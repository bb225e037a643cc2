/** The first thing that a visitor does: from then on nothing that we wait for may be waited for. */

import type { Stop } from "../types.ts";

const DEEDS = ["pointerdown", "touchstart", "keydown"];

/** Call `then` once, before the page's own listeners hear of it. */
export function onFirstDeed(then: () => void): Stop {
  const stop = (): void => {
    for (const name of DEEDS) removeEventListener(name, first, true);
  };
  const first = (): void => {
    stop();
    then();
  };
  for (const name of DEEDS) addEventListener(name, first, { capture: true, passive: true });
  return stop;
}
