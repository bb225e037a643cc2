/**
 * Sends the events of a page, one chunk at a time, until each is acknowledged.
 *
 * The next chunk is cut once the previous one is acknowledged, so that a slow network makes larger
 * chunks instead of a queue. A page that is left sends the rest by requests that outlive it (`leave`),
 * and stores what does not fit for the next page of the tab (`unsent.ts`). The server stores each
 * (page, seq) once, however often it arrives. No request names the page that it comes from.
 */

import { guard } from "../guard.ts";
import { bodyOf, type Chunk, halves, lengthOf, urlOf } from "./chunk.ts";
import { gzip, gzipNow } from "./gzip.ts";
import { dropUnsent, storeUnsent, takeUnsent } from "./unsent.ts";

const FIRST_MS = 1_000; // the visitor may leave soon, and the operator waits to see a first session
const EVERY_MS = 5_000; // what a crash of the tab may cost
const LENGTH_SOON = 64_000; // characters that are sent without waiting
const LENGTH_MAX = 2_000_000; // of one chunk, but for a single event that is larger
const WAITING_MAX = 5_000_000; // characters held while nothing can be sent
const BEACON_BYTES_MAX = 65_536; // what browsers take, all requests that outlive pages together
const BEACON_LENGTH = 250_000; // characters that are likely to fit when they are gzipped
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 60_000;
const REFUSALS_MAX = 3; // chunks in a row; then the fault is not in the chunks

export interface Upload {
  at_ms: number;
  status: number;
}

export interface SessionOutcome {
  /** The server refuses this session from now on. */
  ended(why: string): void;
  /** Events were dropped while nothing could be sent; sending works now: take a snapshot. */
  resumed(): void;
}

export class Sender {
  #waiting: string[] = [];
  #waitingLength = 0;
  #largest = 0; // of what is waiting
  #queue: Chunk[] = [];
  #inFlight: Chunk | null = null;
  #seq = 0;
  #timer = 0;
  #tries = 0;
  #refusals = 0;
  #hasSent = false;
  #hasLost = false;
  #isDone = false;
  lastUpload: Upload | null = null;
  readonly #base: string;
  readonly #website: string;
  readonly #place: Pick<Chunk, "session" | "secret" | "page">;
  readonly #outcome: SessionOutcome;
  readonly #aborter = new AbortController();

  constructor(
    base: string,
    website: string,
    place: Pick<Chunk, "session" | "secret" | "page">,
    outcome: SessionOutcome,
  ) {
    this.#base = base;
    this.#website = website;
    this.#place = place;
    this.#outcome = outcome;
    addEventListener("online", this.#retry);
  }

  get waitingBytes(): number {
    const chunks = this.#inFlight ? [this.#inFlight, ...this.#queue] : this.#queue;
    return this.#waitingLength + chunks.reduce((sum, chunk) => sum + lengthOf(chunk.events), 0);
  }

  /** Send an event, soon. */
  add(event: string): void {
    if (this.#isDone) return;
    // A single snapshot may be larger, and goes all the same, whatever follows it at once.
    if (this.#waitingLength - this.#largest > WAITING_MAX) {
      this.#waiting = [];
      this.#waitingLength = 0;
      this.#largest = 0;
      this.#hasLost = true;
    }
    if (this.#hasLost) return;
    this.#waiting.push(event);
    this.#waitingLength += event.length;
    this.#largest = Math.max(this.#largest, event.length);
    if (this.#waitingLength > LENGTH_SOON && !this.#tries) this.#schedule(0);
    else if (!this.#timer) this.#schedule(this.#hasSent ? EVERY_MS : FIRST_MS);
  }

  /** Send chunks of other pages of the tab, too. */
  addChunks(chunks: readonly Chunk[]): void {
    this.#queue.push(...chunks);
    if (chunks.length) this.#schedule(0);
  }

  /** Send all waiting events now. */
  flush(): void {
    this.#schedule(0);
  }

  /** Send what fits before the page is left, and store the rest. */
  readonly leave = guard((): void => {
    if (this.#isDone) return;
    const chunks = this.#inFlight ? [this.#inFlight, ...this.#queue] : [...this.#queue];
    while (this.#waiting.length) chunks.push(this.#cut(BEACON_LENGTH));
    this.#queue = [];
    this.#inFlight = null; // its answer, if it still comes, says nothing new
    let room = BEACON_BYTES_MAX;
    let length = 0;
    storeUnsent(
      chunks.filter((chunk) => {
        length += lengthOf(chunk.events);
        // A page that waits for us is worse than events that wait for the next page.
        if (room <= 0 || length > 4 * BEACON_LENGTH) return true;
        const body = gzipNow(bodyOf(chunk));
        if (body.size > room) return true;
        room -= body.size;
        this.#post(chunk, body, true).catch(() => {
          // Other pages' requests had taken the room.
          if (!this.#isDone) storeUnsent([chunk]);
        });
        return false;
      }),
    );
  });

  /** Resume after the page was left and is shown from the back/forward cache. */
  comeBack(now_ms: number): void {
    this.addChunks(takeUnsent(now_ms));
  }

  /** Drop all unsent events, those on their way as well. */
  drop(): void {
    this.#isDone = true;
    this.#aborter.abort();
    clearTimeout(this.#timer);
    removeEventListener("online", this.#retry);
    this.#waiting = [];
    this.#queue = [];
    this.#waitingLength = 0;
    dropUnsent();
  }

  readonly #retry = (): void => {
    this.#tries = 0;
    this.#schedule(0);
  };

  #schedule(after_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(guard(this.#send), after_ms);
  }

  readonly #send = (): void => {
    this.#timer = 0;
    if (this.#inFlight || this.#isDone) return;
    const chunk = this.#queue.shift() ?? (this.#waiting.length ? this.#cut(LENGTH_MAX) : null);
    if (!chunk) return;
    this.#inFlight = chunk;
    gzip(bodyOf(chunk))
      .then((body) => this.#post(chunk, body, false))
      .then(
        (answer) => this.#answered(chunk, answer.status, answer.headers.get("retry-after")),
        () => this.#answered(chunk, 0, null),
      )
      .catch(() => {});
  };

  #post(chunk: Chunk, body: Blob, keepalive: boolean): Promise<Response> {
    return fetch(urlOf(this.#base, this.#website, chunk), {
      method: "POST",
      body,
      keepalive,
      signal: this.#aborter.signal,
      credentials: "omit",
      mode: "cors",
      referrerPolicy: "no-referrer",
    });
  }

  #answered(chunk: Chunk, status: number, retryAfter: string | null): void {
    if (this.#isDone || this.#inFlight !== chunk) return;
    this.#inFlight = null;
    this.lastUpload = { at_ms: Date.now(), status };
    if (status === 202) {
      this.#refusals = 0;
      this.#succeed();
    } else if (status === 204 || status === 403 || status === 404 || status === 410) {
      this.drop();
      this.#outcome.ended(
        status === 204 ? "the website does not record" : `refused with ${status}`,
      );
    } else if (status === 413) {
      // Of another page the numbers that are free are not known; what it left is small anyhow.
      if (chunk.page === this.#place.page) this.#queue.unshift(...halves(chunk, () => this.#seq++));
      this.#succeed();
    } else if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      if (++this.#refusals >= REFUSALS_MAX) {
        this.drop();
        this.#outcome.ended(`refused with ${status}`);
      } else this.#succeed();
    } else {
      this.#queue.unshift(chunk);
      const wait = Math.min(RETRY_MS * 2 ** this.#tries++, RETRY_MS_MAX);
      const retry_ms = Number(retryAfter) * 1000;
      this.#schedule(Math.max(retry_ms || 0, wait * (0.5 + Math.random() / 2)));
    }
  }

  #succeed(): void {
    this.#hasSent = true;
    this.#tries = 0;
    if (this.#hasLost) {
      this.#hasLost = false;
      this.#outcome.resumed();
    }
    if (this.#queue.length || this.#waitingLength > LENGTH_SOON) this.#schedule(0);
    else if (this.#waiting.length) this.#schedule(EVERY_MS);
  }

  #cut(length_max: number): Chunk {
    let length = 0;
    let count = 0;
    while (count < this.#waiting.length) {
      length += (this.#waiting[count] as string).length + 1;
      if (count && length > length_max) break;
      count++;
    }
    const events = this.#waiting.splice(0, count);
    this.#waitingLength -= lengthOf(events) - 1 - events.length;
    this.#largest = this.#waiting.reduce((most, event) => Math.max(most, event.length), 0);
    return { ...this.#place, seq: this.#seq++, events };
  }
}
