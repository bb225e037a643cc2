/** Asks the query API. Who is no longer let in is noticed here, whatever was asked. */

import { signal } from "@preact/signals";

/** Whether the cookie was refused: its key has ended, or there never was one. */
export const isSignedOut = signal(false);

/** An error of the API (RFC 9457), or `unreachable` where there was no answer. */
export class Problem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly parameter: string | undefined;
  /** When asking again makes sense, s. */
  readonly retryS: number | undefined;

  constructor(status: number, kind: string, detail: string, parameter?: string, retryS?: number) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.parameter = parameter;
    this.retryS = retryS;
  }

  /** Whether the same may work a little later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Options {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
}

/** Ask, and return the JSON of the answer. Throws `Problem`, or what `signal` aborts with. */
export async function ask<T>(path: string, { method = "GET", body, signal }: Options = {}) {
  const answer = await answerTo(path, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
    headers: { "X-Requested-With": "replaylake" },
  });
  return (answer.status === 204 ? null : await answer.json()) as T;
}

async function answerTo(path: string, request: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, request);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new Problem(0, "unreachable", "The server cannot be reached.");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) isSignedOut.value = true;
  throw await problemOf(answer);
}

async function problemOf(answer: Response): Promise<Problem> {
  const retryS = Number(answer.headers.get("Retry-After")) || undefined;
  try {
    const { kind, detail, parameter } = await answer.json();
    return new Problem(answer.status, String(kind), String(detail), parameter, retryS);
  } catch {
    // A proxy's own page.
    return new Problem(answer.status, "http-error", `The server answered ${answer.status}.`);
  }
}
