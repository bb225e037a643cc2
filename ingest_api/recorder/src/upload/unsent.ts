/**
 * Store chunks that a page could not send before it was left, in `sessionStorage`, for the next
 * page of the tab. Only sanitized events are stored.
 */

import { startOf } from "../ids.ts";
import { read, write } from "../storage.ts";
import { type Chunk, lengthOf } from "./chunk.ts";

const KEY = "replaylake.left";
const DAYS_MS_MAX = 3 * 86_400_000; // since their session began: a server refuses older ones
const LENGTH_MAX = 2_000_000; // characters; a browser gives 5 million to all of a website

/** Store as many of these as fit with those that are stored, oldest first. */
export function storeUnsent(chunks: readonly Chunk[]): void {
  let length = 0;
  const stored = [...storedChunks(), ...chunks].filter((chunk) => {
    length += lengthOf(chunk.events);
    return length <= LENGTH_MAX;
  });
  if (stored.length) write(KEY, JSON.stringify(stored));
}

/** Remove and return what an earlier page stored, unless it is too old. */
export function takeUnsent(now_ms: number): Chunk[] {
  const chunks = storedChunks();
  dropUnsent();
  return chunks.filter(({ session }) => now_ms - startOf(session) <= DAYS_MS_MAX);
}

export function dropUnsent(): void {
  write(KEY, null);
}

function storedChunks(): Chunk[] {
  try {
    return JSON.parse(read(KEY) ?? "[]") as Chunk[];
  } catch {
    return [];
  }
}
