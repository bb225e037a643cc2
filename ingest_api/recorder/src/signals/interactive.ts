/**
 * Whether an element looks as if a click on it should do something.
 *
 * Listeners cannot be listed. Wrapping `addEventListener` was rejected: the recorder loads after most
 * listeners were added and would miss those, it would change a prototype that every library relies
 * on, and delegated listeners do not name their target. What remains is the markup, the marks that
 * frameworks leave on their elements, and the cursor. A click on an element with plain listeners only
 * is recognized by the response that follows.
 */

import { controlOf, nearest, parentOf } from "./element_path.ts";

// What happens inside of these is not in the recording, so that no reaction can be expected.
const OPAQUE = "canvas,video,audio,iframe,embed,object,[data-private=block]";
const MARKED = '[tabindex]:not([tabindex^="-"]),[draggable=true]';
// In names of attributes and properties: onclick, @click, ng-click, $$click, __click, onClick among
// React's props, clickfalse of Preact and zone.js. One too many only hides a dead click.
const HANDLER = /click|(mouse|pointer|touch)(down|up|start|end)|^(jsaction|data-action|hx-)/i;
// jQuery's data, and what holds the props and listeners of React, Preact and Vue.
const HOLDER = /^(__react(Props|EventHandlers)|jQuery\d|l$|events$|(Symbol\()?_vei)/;
// React sets an empty onclick on its roots and portals, whatever is inside.
const REACT_ROOT = /^_reactListening/;

/** Whether the recording cannot show what a click there does. */
export function isOpaque(element: Element): boolean {
  return !!nearest(element, OPAQUE);
}

/** Whether the element, or one that it stands in, invites to a click. */
export function isInteractive(element: Element): boolean {
  if (isOpaque(element) || controlOf(element) || nearest(element, MARKED)) return true;
  if (getComputedStyle(element).cursor === "pointer") return true;
  for (let at: Element | null = element; at; at = parentOf(at)) {
    // Handlers on the body are for everything, and so for nothing in particular.
    if (at === document.body || at === document.documentElement) break;
    if (at instanceof HTMLLabelElement && at.control) return true;
    if (at.getAttributeNames().some((name) => HANDLER.test(name)) || hasHandler(at)) return true;
  }
  return false;
}

function hasHandler(element: Element): boolean {
  const keys = Reflect.ownKeys(element);
  if (keys.some((key) => REACT_ROOT.test(String(key)))) return false;
  return !!(element as HTMLElement).onclick || holds(element);
}

function holds(holder: object): boolean {
  return Reflect.ownKeys(holder).some((key) => {
    const name = String(key);
    // By its descriptor, so that no getter of the page's is called.
    const value: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value;
    if (!value || (typeof value !== "object" && typeof value !== "function")) return false;
    return HANDLER.test(name) || (HOLDER.test(name) && holds(value));
  });
}
