import { describe, expect, test } from "vitest";
import { heatOf, palette, RADIUS, spotsOf } from "../../src/heatmap/density.ts";
import { bandsOf, lengthOf, shareAt } from "../../src/heatmap/depth.ts";

const cell = (x: number, y: number, count = 1) => ({ x, y, count });

describe("density", () => {
  test("a cell is in its place of a page of any width", () => {
    const [spot] = spotsOf([cell(500, 100)], 1440, 0, 900);

    expect(spot).toMatchObject({ x: 727.2, y: 105, heat: 1 });
    expect(spotsOf([cell(1000, 0)], 400, 0, 900)[0]?.x).toBe(400);
  });

  test("what only just warms the view is in it, what lies beyond is not", () => {
    const clicks = [cell(0, 1000 - RADIUS - 9), cell(0, 1000 - RADIUS - 10), cell(0, 2000)];

    expect(spotsOf(clicks, 100, 1000, 1500)).toHaveLength(1);
  });

  test("one click among thousands is seen, and the second place is not lost beside the first", () => {
    expect(heatOf(1, 10_000)).toBeGreaterThan(0.25);
    expect(heatOf(50, 100)).toBeGreaterThan(0.7);
    expect(heatOf(100, 100)).toBe(1);
  });

  test("colours go from nothing over blue to red, and let the page shine through", () => {
    const colours = palette();

    expect(colours).toHaveLength(1024);
    expect([...colours.slice(0, 4)]).toEqual([40, 80, 200, 0]);
    const [red = 0, green = 0, blue = 0, opacity = 0] = colours.slice(-4);
    expect(red).toBeGreaterThan(green + blue);
    expect(opacity).toBeLessThan(255);
  });
});

describe("depth", () => {
  const scroll = [
    { y: 800, views: 10 },
    { y: 900, views: 8 },
    { y: 1000, views: 4 },
    { y: 2000, views: 1 },
  ];

  test("bands end where the last of so many views ended", () => {
    expect(bandsOf({ scroll, viewCount: 10 })).toEqual([
      { share: 0.9, y: 800 },
      { share: 0.75, y: 900 },
      { share: 0.25, y: 1000 },
      { share: 0.1, y: 2000 },
    ]);
    expect(bandsOf({ scroll: [], viewCount: 3 })).toEqual([]);
  });

  test("a view whose depth nobody told saw nothing of it", () => {
    expect(bandsOf({ scroll, viewCount: 20 })[0]).toEqual({ share: 0.5, y: 800 });
    expect(shareAt({ scroll, viewCount: 20 }, 850)).toBe(0.4);
    expect(shareAt({ scroll, viewCount: 20 }, 2001)).toBe(0);
  });

  test("a page reaches down to the last that was seen or clicked of it", () => {
    expect(lengthOf({ scroll, clicks: [cell(0, 2500)] })).toBe(2510);
    expect(lengthOf({ scroll: [], clicks: [] })).toBe(0);
  });
});
