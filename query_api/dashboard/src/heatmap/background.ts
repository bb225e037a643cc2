/** A recorded page to lay the heat on: one moment of a session, drawn by the player's own screen. */

import { FULL_SNAPSHOT, type RecordedEvent } from "../player/model/events.ts";
import { Screen } from "../player/playback/screen.ts";
import { sessionSource } from "../player/playback/source.ts";
import { EventStream } from "../player/playback/stream.ts";
import { Defuser } from "../player/safety/defuse.ts";

export interface Drawn {
  screen: Screen;
  page: Document;
  width: number;
  height: number;
}

/**
 * Draw a page as it was at a moment; null where its snapshot is not there any more.
 *
 * Args:
 *   root: Where the frame is put. It has the player's sandbox, and what it is given is defused.
 */
export async function draw(
  root: HTMLElement,
  websiteId: string,
  at: { sessionId: string; pageId: string; atMs: number },
): Promise<Drawn | null> {
  const { sessionId, pageId, atMs } = at;
  const source = sessionSource(websiteId, sessionId, false);
  const events = await harmless(await source.replay({ fromMs: atMs, toMs: atMs, pageId }));
  if (!events.some(({ type }) => type === FULL_SNAPSHOT)) return null;
  const size = { width: 0, height: 0 };
  const screen = new Screen(root, events, (width, height) =>
    Object.assign(size, { width, height }),
  );
  screen.show(events.at(-1)?.timestamp ?? 0, false);
  const page = root.querySelector("iframe")?.contentDocument;
  if (page?.body) return { screen, page, ...size };
  screen.destroy();
  return null;
}

async function harmless(answer: Response): Promise<RecordedEvent[]> {
  const stream = new EventStream(answer);
  const defuser = new Defuser();
  const found: RecordedEvent[] = [];
  for (let raw = await stream.read(); raw !== null; raw = await stream.read()) {
    for (const event of raw) {
      const safe = defuser.event(event);
      if (!safe) continue;
      // A clock that goes back is read as one that stands still.
      safe.timestamp = Math.max(safe.timestamp, found.at(-1)?.timestamp ?? 0);
      found.push(safe);
    }
  }
  return found;
}
