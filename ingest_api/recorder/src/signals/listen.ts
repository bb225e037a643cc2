/** Listening without being noticed. What the events mean is each signal's own. */

import { guard } from "../guard.ts";
import type { Stop } from "../types.ts";

const OPTIONS = { capture: true, passive: true };

/** Call `fn` at events of these types (divided by spaces), before the page's own listeners. */
export function listen<E extends Event>(
  types: string,
  fn: (event: E) => void,
  target: EventTarget = window,
): Stop {
  const listener = guard(fn) as (event: Event) => void;
  for (const type of types.split(" ")) target.addEventListener(type, listener, OPTIONS);
  return () => {
    for (const type of types.split(" ")) target.removeEventListener(type, listener, OPTIONS);
  };
}

/** What an event is really about, inside of shadow roots too. */
export function targetOf(event: Event): Element {
  return event.composedPath()[0] as Element;
}

/** The browser's own telling of navigations, where it has one. */
export const navigation = (globalThis as { navigation?: EventTarget }).navigation;

/**
 * Put `wrap(original)` in the place of a function, and return what takes it back: only if it still
 * is ours, since others may have wrapped it later and would be lost.
 */
export function replace<O extends object, K extends keyof O>(
  holder: O,
  name: K,
  wrap: (original: O[K]) => O[K],
): Stop {
  const original = holder[name];
  if (typeof original !== "function") return () => {};
  const ours = wrap(original);
  guard(() => {
    holder[name] = ours;
  })();
  return guard(() => {
    if (holder[name] === ours) holder[name] = original;
  });
}

/** The end of all of these, each even if another fails. */
export function all(stops: Stop[]): Stop {
  return () => {
    for (const stop of stops.splice(0)) guard(stop)();
  };
}
