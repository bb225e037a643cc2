/**
 * What a page could not send before it was left: kept in `sessionStorage` for the next page of the
 * tab. Only what has passed the sanitizer comes here.
 */

import { read, write } from "../storage.ts";
import { type Chunk, lengthOf } from "./chunk.ts";

const KEY = "replaylake.left";
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

/** Take what an earlier page left: it is the caller's now. */
export function takeLeft(): Chunk[] {
  const text = read(KEY);
  if (text === null) return [];
  write(KEY, null);
  try {
    return JSON.parse(text) as Chunk[];
  } catch {
    return [];
  }
}

export function dropLeft(): void {
  write(KEY, null);
}
