/**
 * The memory of `errors_only` and `smart`: the last minute of the session, always playable.
 *
 * It is a list of pieces, each of which begins with a full snapshot (a checkpoint) or is what its
 * page did before its first. A piece is dropped, oldest first, once those after it cover the last
 * minute, or there is no more room. Pieces of the tab's earlier pages come along through
 * `sessionStorage`, so that a trigger just after a page change has its minute too.
 */

import { read, write } from "../storage.ts";
import type { Chunk } from "../upload/chunk.ts";

const CONTEXT_MS = 60_000;
const LENGTH_MAX = 5_000_000; // characters, of what a browser may spend on us
const CARRIED_LENGTH_MAX = 2_000_000; // characters; sessionStorage has 5 million for the website
const CHUNK_LENGTH_MAX = 500_000; // characters; gzipped a tenth of what an upload may be
const KEY = "replaylake.buffer";

export interface Piece {
  session: string;
  page: string;
  from_ms: number;
  to_ms: number;
  /** JSON texts of events. */
  events: string[];
  length: number;
}

export class Checkpoints {
  /** Whether the page is too large for the buffer: then none of it is buffered. */
  isOverfull = false;
  #pieces: Piece[] = [];
  #length_ = 0;
  readonly #place: Pick<Piece, "session" | "page">;

  constructor(place: Pick<Piece, "session" | "page">, now_ms: number) {
    this.#place = place;
    this.#pieces = carried().filter((piece) => piece.session === place.session);
    this.#pieces.push(this.#empty(now_ms));
    this.#length_ = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Characters in memory. */
  get length(): number {
    return this.#length_;
  }

  /** Buffer an event. `isCheckpoint`: a full snapshot follows, from which a replay can begin. */
  add(event: string, at_ms: number, isCheckpoint: boolean): void {
    if (isCheckpoint) {
      this.isOverfull = false;
      this.#pieces.push(this.#empty(at_ms));
    }
    if (this.isOverfull) return;
    const piece = this.#pieces[this.#pieces.length - 1] as Piece;
    piece.events.push(event);
    piece.length += event.length;
    piece.to_ms = at_ms;
    this.#length_ += event.length;
    this.#forget(at_ms);
  }

  /** Remove and return everything, oldest first. */
  take(): Piece[] {
    const pieces = this.#pieces.filter((piece) => piece.events.length);
    this.#pieces = [];
    this.#length_ = 0;
    return pieces;
  }

  /** Store for the tab's next page what fits, newest first. */
  carry(): void {
    const stored: Piece[] = [];
    let length = 0;
    for (const piece of this.#pieces.slice().reverse()) {
      length += piece.length;
      if (length > CARRIED_LENGTH_MAX) break;
      if (piece.events.length) stored.unshift(piece);
    }
    write(KEY, JSON.stringify(stored));
  }

  #forget(now_ms: number): void {
    while (
      this.#pieces.length > 1 &&
      (this.#length_ > LENGTH_MAX || now_ms - (this.#pieces[1] as Piece).from_ms > CONTEXT_MS)
    ) {
      this.#length_ -= (this.#pieces.shift() as Piece).length;
    }
    if (this.#length_ > LENGTH_MAX) {
      this.#pieces = [this.#empty(now_ms)];
      this.#length_ = 0;
      this.isOverfull = true;
    }
  }

  #empty(at_ms: number): Piece {
    return { ...this.#place, from_ms: at_ms, to_ms: at_ms, events: [], length: 0 };
  }
}

/** Cut pieces of earlier pages into chunks; nothing of those pages was sent before. */
export function chunksOf(pieces: readonly Piece[], secret: string): Chunk[] {
  const chunks: Chunk[] = [];
  for (const { session, page, events } of pieces) {
    let length = CHUNK_LENGTH_MAX;
    for (const event of events) {
      if (length + event.length > CHUNK_LENGTH_MAX) {
        const seq = chunks.filter((chunk) => chunk.page === page).length;
        chunks.push({ session, secret, page, seq, events: [] });
        length = 0;
      }
      (chunks[chunks.length - 1] as Chunk).events.push(event);
      length += event.length;
    }
  }
  return chunks;
}

function carried(): Piece[] {
  try {
    return JSON.parse(read(KEY) ?? "[]") as Piece[];
  } catch {
    return [];
  } finally {
    write(KEY, null);
  }
}
