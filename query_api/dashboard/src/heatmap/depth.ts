/** How far down a page was seen. Pure. */

import type { Heatmap } from "../api/types.ts";

const SHARES = [0.9, 0.75, 0.5, 0.25, 0.1];

/** So much of the views saw the page down to `y` CSS px. */
export interface Band {
  share: number;
  y: number;
}

/**
 * Return down to where nine tenths, three quarters, half … of the views saw the page; those that
 * end at the same place as one of more views are left out.
 */
export function bandsOf({ scroll, viewCount }: Pick<Heatmap, "scroll" | "viewCount">): Band[] {
  const total = Math.max(viewCount, scroll[0]?.views ?? 0);
  const bands: Band[] = [];
  for (const share of SHARES) {
    const y = scroll.findLast(({ views }) => views >= share * total)?.y;
    if (y === undefined || y === bands.at(-1)?.y) continue;
    bands.push({ share, y });
  }
  return bands;
}

/** Return which share of the views saw a page at `y`, 0 to 1. */
export function shareAt({ scroll, viewCount }: Pick<Heatmap, "scroll" | "viewCount">, y: number) {
  const total = Math.max(1, viewCount, scroll[0]?.views ?? 0);
  const step = scroll.find((one) => one.y >= y);
  return step ? step.views / total : 0;
}

/** Return how long the page is at least, as far as clicks and scrolls tell; CSS px. */
export function lengthOf({ scroll, clicks }: Pick<Heatmap, "scroll" | "clicks">): number {
  return Math.max(scroll.at(-1)?.y ?? 0, ...clicks.map(({ y }) => y + 10), 0);
}
