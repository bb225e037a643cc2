/**
 * Read a response of the replay route as it arrives: NDJSON, at the pace of the reader.
 *
 * Browsers do not report a truncated response, so its events are counted and compared with
 * `X-Event-Count`. Events that have arrived stay valid if an error follows.
 */

import { eventOf, type RecordedEvent } from "../model/events.ts";

const LINE_LENGTH_MAX = 64_000_000; // characters; longer lines are skipped

/** Reason why a response is incomplete. */
export type Damage = "cut" | "malformed";

export class EventStream {
  /** Number of events that the response announces, null if it does not. */
  readonly expected: number | null;
  /** Known once the end is reached. */
  damage: Damage | null = null;
  /** Number of lines read, including broken ones. */
  count = 0;
  bytes = 0;
  #rest: string[] = [];
  #restLength = 0;
  #hasEnded = false;
  readonly #decoder = new TextDecoder();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;

  constructor(answer: Response) {
    const count = answer.headers.get("x-event-count");
    this.expected = count !== null && /^\d{1,15}$/.test(count) ? Number(count) : null;
    this.#reader = answer.body?.getReader() ?? null;
  }

  /** Return the next events, some or none, or null at the end. Never throws. */
  async read(): Promise<RecordedEvent[] | null> {
    if (this.#hasEnded) return null;
    let chunk: Uint8Array | undefined;
    try {
      chunk = (await this.#reader?.read())?.value;
    } catch {
      this.damage = "cut";
    }
    if (chunk) {
      this.bytes += chunk.byteLength;
      return this.#lines(this.#decoder.decode(chunk, { stream: true }));
    }
    this.#hasEnded = true;
    const last = this.#lines(`${this.#decoder.decode()}\n`);
    if (this.expected !== null && this.count < this.expected) this.damage = "cut";
    return last;
  }

  /** Close the connection. */
  async cancel(): Promise<void> {
    this.#hasEnded = true;
    await this.#reader?.cancel().catch(() => {});
  }

  #lines(text: string): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      const line = this.#rest.join("") + text.slice(from, end);
      this.#rest = [];
      this.#restLength = 0;
      from = end + 1;
      if (line.trim() === "") continue;
      this.count += 1;
      const event = eventOf(line);
      if (event) events.push(event);
      else this.damage ??= "malformed";
    }
    const rest = text.slice(from);
    this.#restLength += rest.length;
    if (this.#restLength > LINE_LENGTH_MAX) this.#rest = [" !"];
    else if (rest) this.#rest.push(rest);
    return events;
  }
}
