/** The marks of a recording, from its session's details. Pure. */

import type { Recording } from "../playback/source.ts";
import { type Mark, signalName } from "./markers.ts";

const LABEL_LENGTH_MAX = 140;

/** Return errors, signals and page changes, ascending. */
export function marksOf(recording: Recording): Mark[] {
  const marks: Mark[] = [
    ...recording.errorEvents.map(
      ({ atMs, message }): Mark => ({ kind: "error", atMs, label: message }),
    ),
    ...recording.signalEvents.map(({ atMs, kind, text, target }): Mark => {
      const where = text || target;
      return { kind: "signal", atMs, label: signalName(kind) + (where ? `: ${where}` : "") };
    }),
    ...recording.pageList.map(
      ({ atMs, title, url }): Mark => ({
        kind: "page",
        atMs,
        label: pathOf(url) || title || "Page",
      }),
    ),
  ];
  return marks
    .map((mark) => ({ ...mark, label: mark.label.slice(0, LABEL_LENGTH_MAX) }))
    .sort((a, b) => a.atMs - b.atMs);
}

/** Return a URL without its origin, or the whole text if it is not a URL. */
export function pathOf(url: string | null): string {
  if (!url) return "";
  try {
    const { pathname, search, hash } = new URL(url);
    return pathname + search + hash;
  } catch {
    return url;
  }
}

/** Whether a recorded URL may become a link: only http and https. */
export function isWebAddress(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url);
}
