/**
 * The page, with heat on it. The frame is as large as the visitor's view was, since pages are laid
 * out by that; who scrolls the box scrolls the page in it, and the heat is drawn anew.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Heatmap } from "../api/types.ts";
import { type Drawn, draw } from "./background.ts";
import { palette, RADIUS, spotsOf } from "./density.ts";
import { bandsOf, lengthOf, shareAt } from "./depth.ts";
import { placesOf, type Target, targetsOf } from "./targets.ts";

export type Show = "clicks" | "depth";

const STANDARD = { desktop: [1440, 900], tablet: [834, 1112], mobile: [390, 844] } as const;
const TARGETS_MAX = 12;
const LENGTH_MAX = 50_000; // CSS px of a page; more than any is scrolled
const SETTLES_MS = 150; // until style sheets have told how long the page is

interface HeatProps {
  websiteId: string;
  heatmap: Heatmap;
  viewport: keyof typeof STANDARD;
  show: Show;
  /** Called once it is known what was clicked. */
  found: (targets: Target[], isDrawn: boolean) => void;
}

interface View {
  width: number;
  height: number;
  length: number;
}

export function Heat({ websiteId, heatmap, viewport, show, found }: HeatProps) {
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const [view, setView] = useState<View | null>(null);
  const [room, setRoom] = useState(0);

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setRoom(entry?.contentRect.width ?? 0));
    observer.observe(box.current as Element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    let isOld = false;
    const known = lengthOf(heatmap);
    const [width, height] = STANDARD[viewport];
    const empty = { width, height, length: Math.max(height, known) };
    const { background } = heatmap;
    const drawing = background
      ? draw(frame.current as HTMLElement, websiteId, background).catch(() => null)
      : Promise.resolve(null);
    drawing.then((made) => {
      if (isOld) return made?.screen.destroy();
      drawn.current = made;
      if (!made) {
        setView(empty);
        found(placesOf(heatmap.clicks, TARGETS_MAX), false);
        return;
      }
      setView({ ...made, length: made.height });
      setTimeout(() => {
        if (isOld) return;
        const length = Math.max(made.page.documentElement.scrollHeight, made.height);
        setView({ ...made, length: Math.min(length, LENGTH_MAX) });
        found(targetsOf(made.page, heatmap.clicks, made.width, TARGETS_MAX), true);
      }, SETTLES_MS);
    });
    return () => {
      isOld = true;
      drawn.current?.screen.destroy();
      drawn.current = null;
      setView(null);
    };
  }, [websiteId, heatmap, viewport, found]);

  const scale = view ? Math.min(1, room / view.width) : 1;
  useEffect(() => {
    const [scroller, place] = [box.current, canvas.current];
    if (!scroller || !place || !view) return;
    let asked = 0;
    const paint = () => {
      const top = scroller.scrollTop / scale;
      const page = drawn.current?.page.defaultView;
      page?.scrollTo({ top, behavior: "instant" });
      // A page that cannot scroll so far has less below than its visitors' had.
      const context = place.getContext("2d", { willReadFrequently: true });
      if (!context) return;
      context.clearRect(0, 0, place.width, place.height);
      if (show === "clicks") paintClicks(context, heatmap, view, top, scale);
      else paintDepth(context, heatmap, view, top, scale);
    };
    const later = () => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(paint);
    };
    later();
    scroller.addEventListener("scroll", later, { passive: true });
    return () => {
      cancelAnimationFrame(asked);
      scroller.removeEventListener("scroll", later);
    };
  }, [heatmap, view, scale, show]);

  const size = view ?? { width: 1, height: 1, length: 1 };
  return (
    <section
      class="heat"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by keys
      tabIndex={0}
      aria-label="The page, with what was clicked or seen of it"
      aria-busy={view === null}
      style={view ? { height: `${view.height * scale + 2}px` } : {}}
    >
      <div style={{ height: `${size.length * scale}px` }}>
        <div
          class="heat-view"
          style={{ width: `${size.width * scale}px`, height: `${size.height * scale}px` }}
        >
          <div class="heat-page" ref={frame} style={{ transform: `scale(${scale})` }} />
          <canvas
            ref={canvas}
            width={Math.round(size.width * scale)}
            height={Math.round(size.height * scale)}
          />
        </div>
      </div>
    </section>
  );
}

const COLOURS = palette();

/** Warmth first, as opacity that adds up; then each opacity's colour. */
function paintClicks(
  context: CanvasRenderingContext2D,
  heatmap: Heatmap,
  view: View,
  top: number,
  scale: number,
): void {
  const { width, height } = context.canvas;
  for (const { x, y, heat } of spotsOf(heatmap.clicks, view.width, top, top + view.height)) {
    const [at, down, radius] = [x * scale, (y - top) * scale, RADIUS * scale];
    const glow = context.createRadialGradient(at, down, 0, at, down, radius);
    glow.addColorStop(0, `rgb(0 0 0 / ${heat})`);
    glow.addColorStop(1, "rgb(0 0 0 / 0)");
    context.fillStyle = glow;
    context.fillRect(at - radius, down - radius, 2 * radius, 2 * radius);
  }
  const picture = context.getImageData(0, 0, width, height);
  const { data } = picture;
  for (let at = 0; at < data.length; at += 4) {
    const heat = data[at + 3] as number;
    if (heat)
      for (let part = 0; part < 4; part++) data[at + part] = COLOURS[heat * 4 + part] as number;
  }
  context.putImageData(picture, 0, 0);
}

const STEP = 100;

/** What fewer saw lies deeper in the shade; lines tell where a share of the views ends. */
function paintDepth(
  context: CanvasRenderingContext2D,
  heatmap: Heatmap,
  view: View,
  top: number,
  scale: number,
): void {
  const { width } = context.canvas;
  for (let y = Math.floor(top / STEP) * STEP; y < top + view.height; y += STEP) {
    const unseen = 1 - shareAt(heatmap, y + STEP);
    context.fillStyle = `rgb(20 24 60 / ${0.72 * unseen})`;
    context.fillRect(0, Math.round((y - top) * scale), width, Math.ceil(STEP * scale));
  }
  context.font = "600 13px system-ui, sans-serif";
  for (const { share, y } of bandsOf(heatmap)) {
    const at = Math.round((y - top) * scale);
    context.fillStyle = "#d72d1e";
    context.fillRect(0, at - 1, width, 2);
    const text = `${Math.round(share * 100)} % saw this`;
    const wide = context.measureText(text).width + 16;
    context.fillRect(0, at - 23, wide, 22);
    context.fillStyle = "#fff";
    context.fillText(text, 8, at - 7);
  }
}
