/**
 * One answer of the replay route, read as it arrives: NDJSON, as fast as the reader asks for it.
 *
 * A browser does not tell a cut answer from a whole one, so its events are counted and compared
 * with `X-Event-Count`. What arrived is kept, whatever comes after.
 */

import { eventOf, type RecordedEvent } from "../model/events.ts";

const LINE_LENGTH_MAX = 64_000_000; // characters; a longer one is passed over

/** Why an answer is not all that was recorded. */
export type Damage = "cut" | "malformed";

export class EventStream {
  /** How many events the answer should hold, null where it does not tell. */
  readonly expected: number | null;
  /** Known once the end is reached. */
  damage: Damage | null = null;
  /** Lines that were read, whatever stood in them. */
  count = 0;
  bytes = 0;
  #rest: string[] = [];
  #restLength = 0;
  #hasEnded = false;
  readonly #decoder = new TextDecoder();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;

  constructor(answer: Response) {
    const told = answer.headers.get("x-event-count");
    this.expected = told !== null && /^\d{1,15}$/.test(told) ? Number(told) : null;
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

  /** Let go of the connection. */
  async cancel(): Promise<void> {
    this.#hasEnded = true;
    await this.#reader?.cancel().catch(() => {});
  }

  #lines(text: string): RecordedEvent[] {
    const found: RecordedEvent[] = [];
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      const line = this.#rest.join("") + text.slice(from, end);
      this.#rest = [];
      this.#restLength = 0;
      from = end + 1;
      if (line.trim() === "") continue;
      this.count += 1;
      const event = eventOf(line);
      if (event) found.push(event);
      else this.damage ??= "malformed";
    }
    const rest = text.slice(from);
    this.#restLength += rest.length;
    if (this.#restLength > LINE_LENGTH_MAX) this.#rest = [" !"];
    else if (rest) this.#rest.push(rest);
    return found;
  }
}
