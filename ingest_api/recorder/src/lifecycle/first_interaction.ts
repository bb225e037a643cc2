/** Wait for the visitor's first interaction: from then on the recorder must not wait. */

import type { Stop } from "../types.ts";

const DEEDS = ["pointerdown", "touchstart", "keydown"];

/** Call `then` once, before the page's own listeners run. */
export function onFirstInteraction(then: () => void): Stop {
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
