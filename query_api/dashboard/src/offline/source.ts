/**
 * A recording that lies in the page that plays it, as `query_api/offline_page.py` writes it there: script
 * elements of no type that a browser runs, each with gzip in base64.
 *
 *     data-part="about"               what is known of the session, and its clock's zero
 *     data-part="events" data-page=…  events of one page, or of all where it is empty, a line each
 */

import { eventOf, FULL_SNAPSHOT, META, type RecordedEvent } from "../player/model/events.ts";
import type { Part, Recording, Source } from "../player/playback/source.ts";

interface About {
  recording: Recording;
  startAt: number;
}

/** The session of a page that holds one. */
export function fileSource(page: ParentNode): Source {
  const about = async () => JSON.parse(await textOf(partsOf(page, "about")[0])) as About;
  return {
    key: "file",
    isShared: true,
    exports: null,
    share: null,
    erase: null,
    recording: async () => (await about()).recording,
    replay: async (part) => {
      const parts = partsOf(page, "events");
      const own = parts.filter(({ dataset }) => !part.pageId || dataset.page === part.pageId);
      // A session of one page does not name it.
      const texts = await Promise.all((own.length ? own : parts).map(textOf));
      const lines = linesOf(texts.join(""), part, (await about()).startAt);
      return new Response(lines, { headers: { "x-event-count": String(countOf(lines)) } });
    },
  };
}

/**
 * Return the lines of a window: from the last full snapshot at or before its beginning, with its
 * Meta, to the last event before its end.
 */
export function linesOf(text: string, { fromMs = 0, toMs }: Part, startAt: number): string {
  const last = startAt + (toMs ?? Number.POSITIVE_INFINITY);
  const kept: string[] = [];
  let before: RecordedEvent | null = null;
  for (const line of text.split("\n")) {
    const event = line ? eventOf(line) : null;
    if (!event || event.timestamp > last) continue;
    if (event.type === FULL_SNAPSHOT && event.timestamp <= startAt + fromMs) {
      kept.splice(0, kept.length - (before?.type === META ? 1 : 0));
    }
    kept.push(line);
    before = event;
  }
  return kept.length ? `${kept.join("\n")}\n` : "";
}

function countOf(lines: string): number {
  return lines.split("\n").length - 1;
}

function partsOf(page: ParentNode, part: string): HTMLElement[] {
  return [...page.querySelectorAll<HTMLElement>(`script[data-part="${part}"]`)];
}

async function textOf(part: HTMLElement | undefined): Promise<string> {
  const binary = atob(part?.textContent ?? "");
  const bytes = Uint8Array.from(binary, (one) => one.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(inflated).text();
}
