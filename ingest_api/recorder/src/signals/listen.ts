/** Listen to the page without it noticing. Each signal interprets the events itself. */

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

/** Return the innermost target of an event, inside of shadow roots too. */
export function targetOf(event: Event): Element {
  return event.composedPath()[0] as Element;
}

/** The browser's Navigation API, where it has one. */
export const navigation = (globalThis as { navigation?: EventTarget }).navigation;

/**
 * Replace a function with `wrap(original)`, and return a function that restores it, unless others
 * have wrapped it since: their wrapper would be lost.
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

/** Return a function that calls all of these, even if one fails. */
export function all(stops: Stop[]): Stop {
  return () => {
    for (const stop of stops.splice(0)) guard(stop)();
  };
}
