/** From clicks to heat: how hot each place is, and in which colour. Pure. */

import type { ClickCell } from "../api/types.ts";

export const CELL = 10; // per mille of the width, and CSS px down the page
/** How far a click warms, CSS px of the page: about a fingertip. */
export const RADIUS = 28;
/** The least that is seen: one click among thousands is still a click. */
const FAINTEST = 0.25;

export interface Spot {
  /** CSS px of the page, the middle of the cell. */
  x: number;
  y: number;
  /** 0 to 1. */
  heat: number;
}

/** Return what is warm between two heights of a page `width` px wide. */
export function spotsOf(
  clicks: readonly ClickCell[],
  width: number,
  fromY: number,
  toY: number,
): Spot[] {
  const most = Math.max(1, ...clicks.map(({ count }) => count));
  return clicks
    .filter(({ y }) => y + CELL + RADIUS > fromY && y - RADIUS < toY)
    .map(({ x, y, count }) => ({
      x: (Math.min(1000, x + CELL / 2) / 1000) * width,
      y: y + CELL / 2,
      heat: heatOf(count, most),
    }));
}

/** Roots, so that the second most clicked place is not lost beside the first. */
export function heatOf(count: number, most: number): number {
  return FAINTEST + (1 - FAINTEST) * Math.sqrt(Math.min(1, count / most));
}

type Colour = [red: number, green: number, blue: number];
const COLOURS: [at: number, colour: Colour][] = [
  [0, [40, 80, 200]],
  [0.35, [20, 160, 190]],
  [0.6, [120, 190, 60]],
  [0.8, [245, 190, 40]],
  [1, [215, 45, 30]],
];
/** Beneath, the page shines through. */
const OPACITY_MAX = 210;

/** Return 256 colours as RGBA, cold to hot. */
export function palette(): Uint8ClampedArray {
  const found = new Uint8ClampedArray(256 * 4);
  for (let step = 0; step < 256; step++) {
    found.set([...colourAt(step / 255), Math.min(OPACITY_MAX, step * 2.2)], step * 4);
  }
  return found;
}

function colourAt(heat: number): Colour {
  const above = COLOURS.findIndex(([at]) => at >= heat);
  const [high, hot] = COLOURS[above] as [number, Colour];
  const [low, cold] = COLOURS[Math.max(0, above - 1)] as [number, Colour];
  const share = high > low ? (heat - low) / (high - low) : 0;
  return cold.map((value, part) => value + ((hot[part] as number) - value) * share) as Colour;
}
