/** The error that happens now, with its stack, right under the timeline. */

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
    // A moment before it happens, as whoever jumps to it lands there.
    const last = errors.findLast(({ atMs }) => atMs <= at + LEAD_MS + 50);
    return last && at - last.atMs <= SHOWN_MS ? last : null;
  }).value;
  if (!errors.length) return null;
  // Its room is kept, so that the picture does not jump with each error.
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
