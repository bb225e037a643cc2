/** Failed and slow requests of the page: method, path, status, duration. Never a body, header or query. */

import { guard } from "../guard.ts";
import type { Recording, Stop } from "../types.ts";
import { all, replace } from "./listen.ts";

const REQUESTS_MAX = 200; // a page: polling of a server that is down must not fill the session
const FAILED_FROM = 400;
const SLOW_MS = 3000; // visitors doubt that it works

/** `ingest` is the URL prefix of the recorder's own requests, which are left out. */
export function onFailedRequest(recording: Recording, ingest: string): Stop {
  const opened = new WeakMap<EventTarget, [method: string, url: string, since: number]>();
  let count = 0;

  const note = guard((method: string, url: string, since: number, status: number) => {
    const duration_ms = Math.round(performance.now() - since);
    const isWell = status && status < FAILED_FROM && duration_ms < SLOW_MS;
    if (isWell || count >= REQUESTS_MAX) return;
    const { href, origin, host, pathname } = new URL(url, document.baseURI);
    if (ingest && href.startsWith(ingest)) return;
    count += 1;
    recording.note("replaylake.network", {
      method: method.toUpperCase(),
      path: (origin === location.origin ? "" : host) + pathname,
      status,
      duration_ms,
    });
  });

  const see = guard(([input, init]: Parameters<typeof fetch>, answer: Promise<Response>) => {
    const request = input instanceof Request ? input : null;
    const url = request?.url ?? String(input);
    const method = init?.method ?? request?.method ?? "GET";
    const signal = init?.signal ?? request?.signal;
    const since = performance.now();
    answer.then(
      // The status is hidden for other origins without CORS.
      guard((response) => {
        if (!response.type.startsWith("opaque")) note(method, url, since, response.status);
      }),
      guard((error) => {
        if (!signal?.aborted && error?.name !== "AbortError") note(method, url, since, 0);
      }),
    );
  });

  const ended = guard(({ target, type }: Event) => {
    const request = opened.get(target as EventTarget);
    if (request) note(...request, type === "load" ? (target as XMLHttpRequest).status : 0);
  });

  let isOn = true;
  return all([
    replace(
      window,
      "fetch",
      (original) =>
        function (this: Window, ...given: Parameters<typeof fetch>) {
          const answer = original.apply(this, given);
          // The page gets the original promise. Observing it hides the `unhandledrejection` of a
          // fetch whose promise is discarded: the price of seeing that it failed.
          if (isOn) see(given, answer);
          return answer;
        },
    ),
    replace(
      XMLHttpRequest.prototype,
      "open",
      (original) =>
        function (this: XMLHttpRequest, ...given: unknown[]) {
          if (isOn)
            guard(() => {
              opened.set(this, [String(given[0]), String(given[1]), performance.now()]);
              for (const type of ["load", "error", "timeout"]) this.addEventListener(type, ended);
            })();
          return original.apply(this, given as Parameters<XMLHttpRequest["open"]>);
        },
    ),
    () => {
      isOn = false;
      count = REQUESTS_MAX;
    },
  ]);
}
