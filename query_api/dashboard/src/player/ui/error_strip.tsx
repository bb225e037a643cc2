/** The error of the current moment, with its stack, below the timeline. */

import { useComputed } from "@preact/signals";
import { LEAD_MS } from "../model/markers.ts";
import { clock } from "../model/time_format.ts";
import type { Engine } from "../playback/engine.ts";
import type { ErrorEvent } from "../playback/source.ts";

/** How long it stays after it happened. */
const SHOWN_MS = 8_000;

export function ErrorStrip({ engine, errors }: { engine: Engine; errors: readonly ErrorEvent[] }) {
  const error = useComputed(() => {
    const at = engine.atMs.value;
    // From shortly before the error, where a jump to it ends.
    const last = errors.findLast(({ atMs }) => atMs <= at + LEAD_MS + 50);
    return last && at - last.atMs <= SHOWN_MS ? last : null;
  }).value;
  if (!errors.length) return null;
  // Its space is reserved, so that the picture does not move with each error.
  if (!error) return <div class="player-error" />;
  return (
    <details class="player-error" key={error.atMs}>
      <summary>
        <span class="player-when">{clock(error.atMs)}</span> <bdi>{error.message}</bdi>
      </summary>
      <pre>{error.stack ?? "no stack was recorded"}</pre>
    </details>
  );
}
