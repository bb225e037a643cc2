/**
 * What a page could not send before it was left: kept in `sessionStorage` for the next page of the
 * tab. Only what has passed the sanitizer comes here.
 */

import { startOf } from "../ids.ts";
import { read, write } from "../storage.ts";
import { type Chunk, lengthOf } from "./chunk.ts";

const KEY = "replaylake.left";
const DAYS_MS_MAX = 3 * 86_400_000; // since their session began: a server refuses older ones
const LENGTH_MAX = 2_000_000; // characters; a browser gives 5 million to all of a website

/** Keep as many of these as there is room for, oldest first. */
export function leave(chunks: readonly Chunk[]): void {
  let length = 0;
  const kept = chunks.filter((chunk) => {
    length += lengthOf(chunk.events);
    return length <= LENGTH_MAX;
  });
  if (kept.length) write(KEY, JSON.stringify(kept));
}

/** Take what an earlier page left, unless it lay too long: it is the caller's now. */
export function takeLeft(now_ms: number): Chunk[] {
  const text = read(KEY);
  if (text === null) return [];
  write(KEY, null);
  try {
    const chunks = JSON.parse(text) as Chunk[];
    return chunks.filter(({ session }) => now_ms - startOf(session) <= DAYS_MS_MAX);
  } catch {
    return [];
  }
}

export function dropLeft(): void {
  write(KEY, null);
}
