/** A chunk: events of one page of one session, and its URL. Sends nothing. */

export interface Chunk {
  session: string;
  secret: string;
  page: string;
  seq: number;
  /** JSON texts of events, in order. */
  events: string[];
}

export function bodyOf(chunk: Chunk): string {
  return `[${chunk.events.join(",")}]`;
}

export function lengthOf(events: readonly string[]): number {
  return events.reduce((sum, event) => sum + event.length + 1, 1);
}

/** Split a chunk that is too large in two. A single event is dropped. */
export function halves(chunk: Chunk, nextSeq: () => number): Chunk[] {
  const middle = chunk.events.length >> 1;
  if (!middle) return [];
  return [
    { ...chunk, events: chunk.events.slice(0, middle) },
    { ...chunk, seq: nextSeq(), events: chunk.events.slice(middle) },
  ];
}

export function urlOf(base: string, website: string, chunk: Chunk): string {
  const place = new URLSearchParams({
    website,
    session: chunk.session,
    page: chunk.page,
    seq: String(chunk.seq),
    secret: chunk.secret,
  });
  return `${base}v1/chunks?${place}`;
}
