/** A list that follows the playback: the current line is marked and scrolled into view. */

import { useComputed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { after } from "../model/idle.ts";
import { LEAD_MS } from "../model/markers.ts";
import { clock } from "../model/time_format.ts";
import type { Engine } from "../playback/engine.ts";

export interface Line {
  atMs: number;
  kind: string;
  text: string;
  detail: string | null;
}

/** Longer lists show only the lines around the current one. */
const LINES_MAX = 400;
/** Enough to fill a panel. The others come once there is a picture, which they would delay. */
const FIRST_LINES_MAX = 60;
const OTHERS_AFTER_MS = 100;

export function Lines({
  engine,
  lines,
  none,
}: {
  engine: Engine;
  lines: readonly Line[];
  none: string;
}) {
  const list = useRef<HTMLOListElement>(null);
  const times = useRef<number[]>([]);
  times.current = lines.map(({ atMs }) => atMs);
  // Computed, so that the list is not rendered with every frame.
  const now = useComputed(() => after(times.current, engine.atMs.value + LEAD_MS) - 1).value;
  const most = useLinesMax(engine);
  const from = Math.max(0, Math.min(now - most / 2, lines.length - most));
  useEffect(() => {
    const line = list.current?.querySelector<HTMLElement>("[aria-current]");
    const box = list.current?.parentElement;
    if (!line || !box || box.matches(":hover")) return; // do not scroll while the analyst reads
    const top = line.offsetTop - box.offsetTop;
    const isSeen =
      top >= box.scrollTop && top + line.offsetHeight <= box.scrollTop + box.clientHeight;
    if (!isSeen) box.scrollTop = top - box.clientHeight / 3;
  }, [now]);
  if (!lines.length) return <p class="player-none">{none}</p>;
  return (
    <ol class="player-lines" ref={list}>
      {lines.slice(from, from + most).map((line, place) => (
        <li key={from + place} aria-current={from + place === now ? "step" : undefined}>
          <button
            type="button"
            data-kind={line.kind}
            data-past={from + place <= now}
            onClick={() => engine.seek(line.atMs - LEAD_MS)}
          >
            <span class="player-when">{clock(line.atMs)}</span>
            <span class="player-what">
              <bdi>{line.text}</bdi>
              {line.detail && <small>{line.detail}</small>}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Return the number of lines to render now. */
function useLinesMax(engine: Engine): number {
  const isDrawn = useComputed(() => engine.view.value.width > 0 || engine.trouble.value !== null);
  const [most, setMost] = useState(isDrawn.peek() ? LINES_MAX : FIRST_LINES_MAX);
  const isWaiting = isDrawn.value && most < LINES_MAX;
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setTimeout(() => setMost(LINES_MAX), OTHERS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isWaiting]);
  return most;
}
