/**
 * What was clicked: the elements of the drawn page that lie where the clicks are.
 *
 * Nobody recorded which element a click met. The page is drawn as one visitor saw it, so that what
 * lay elsewhere for others counts with its neighbours; clicks that meet nothing are named by place.
 */

import type { ClickCell } from "../api/types.ts";
import { CELL } from "./density.ts";

const NAME_LENGTH_MAX = 60;
/** More than a list beside a picture holds; finding one costs layout. */
const CELLS_MAX = 500;
const INTERACTIVE =
  "a, button, summary, label, input, select, textarea, [role=button], [role=link], [role=tab]";

export interface Target {
  name: string;
  count: number;
  /** Of its clicks' first place, CSS px down the page. */
  y: number;
}

/** Return the most clicked elements of a page that is scrolled to wherever it may be. */
export function targetsOf(
  page: Document,
  clicks: readonly ClickCell[],
  width: number,
  most: number,
): Target[] {
  const view = page.defaultView;
  const found = new Map<unknown, Target>();
  if (!view) return [];
  const [left, top] = [view.scrollX, view.scrollY];
  for (const { x, y, count } of clicks.slice(0, CELLS_MAX)) {
    const at = ((x + CELL / 2) / 1000) * width;
    // What lies outside of the view is found by nobody.
    view.scrollTo({ top: Math.max(0, y - view.innerHeight / 2), behavior: "instant" });
    const hit = page.elementFromPoint(at - view.scrollX, y + CELL / 2 - view.scrollY);
    // Of a drawing, not the stroke.
    const element = hit?.closest(INTERACTIVE) ?? hit?.closest("svg") ?? hit;
    const isThing = element && element !== page.body && element !== page.documentElement;
    const key = isThing ? element : `${Math.round(y / 100)}`;
    const known = found.get(key);
    if (known) known.count += count;
    else found.set(key, { name: isThing ? nameOf(element) : placeName(x, y), count, y });
  }
  view.scrollTo({ left, top, behavior: "instant" });
  return [...found.values()].sort((one, other) => other.count - one.count).slice(0, most);
}

/** Return the places with most clicks, where there is no page to look at. */
export function placesOf(clicks: readonly ClickCell[], most: number): Target[] {
  return clicks.slice(0, most).map(({ x, y, count }) => ({ name: placeName(x, y), count, y }));
}

/** What one would call an element: the first that it says, else what it is. */
function nameOf(element: Element): string {
  const said = [
    element.getAttribute("aria-label"),
    // biome-ignore lint/performance/useDomNodeTextContent: lines are asked for, as they are laid out
    (element as HTMLElement).innerText,
    element.getAttribute("placeholder"),
    element.getAttribute("alt"),
    element.getAttribute("name"),
  ];
  for (const text of said) {
    const line = text?.split("\n").find((one) => one.trim() !== "");
    if (line) return line.replace(/\s+/g, " ").trim().slice(0, NAME_LENGTH_MAX);
  }
  return element.localName === "svg" || element.localName === "img"
    ? "A picture"
    : `<${element.localName}>`;
}

function placeName(x: number, y: number): string {
  return `${Math.round((x + CELL / 2) / 10)} % from the left, ${y} px down`;
}
