/** JavaScript errors: thrown, rejected, and what goes through `console.ts`. */

import { guard } from "../guard.ts";
import type { Recording, Stop } from "../types.ts";
import { onConsoleError } from "./console.ts";
import { all, listen } from "./listen.ts";

const ERRORS_MAX = 100; // a page: an error in a timer must not fill the session
const ERRORS_PER_SECOND_MAX = 10;
const SAME_MS = 1000; // frameworks log an error and throw it again
// Longer than the final limit: a secret cut in half before masking would match no pattern.
const CHARS_MAX = 20_000;
// The browser's own remark that a callback took longer than a frame. Nothing is broken.
const HARMLESS = /^ResizeObserver loop/;

/** Receives an error: `thrown` is the value thrown, rejected or logged. */
export type Report = (
  source: string,
  said: string,
  thrown: unknown[],
  file?: string,
  line?: number,
  column?: number,
) => void;

/** `early` are events of errors that happened before. */
export function onError(recording: Recording, early: readonly Event[] = []): Stop {
  const known = new WeakSet<object>();
  const recent = new Map<string, number>();
  let count = 0;
  let second = 0;
  let inSecond = 0;

  const report: Report = (source, said, thrown, file, line, column) => {
    const message = said.slice(0, CHARS_MAX);
    const now = performance.now();
    const key = message.replace(/^Uncaught (\(in promise\) )?/, "");
    const errors = thrown.filter(isError);
    const isKnown =
      errors.some((error) => known.has(error)) || now - (recent.get(key) ?? -SAME_MS) < SAME_MS;
    for (const error of errors) known.add(error);
    if (isKnown || HARMLESS.test(key) || count >= ERRORS_MAX) return;
    if (now - second > 1000) {
      second = now;
      inSecond = 0;
    }
    if (++inSecond > ERRORS_PER_SECOND_MAX) return;
    count += 1;
    recent.set(key, now);
    const stack = errors[0] ? read(errors[0], "stack").slice(0, CHARS_MAX) : "";
    recording.note("replaylake.error", { message, stack, source, file, line, column });
  };

  const see = (event: Event): void => {
    // Of resources that did not load only the capturing window hears, with another target.
    if (event instanceof ErrorEvent) {
      const { message, error, filename, lineno, colno } = event;
      report("error", message, [error], filename, lineno, colno);
    } else if (event instanceof PromiseRejectionEvent) {
      report("rejection", nameOf(event.reason), [event.reason]);
    }
  };
  const stops = [listen("error unhandledrejection", see), onConsoleError(report)];
  early.forEach(guard(see));
  return all(stops);
}

/** Describe a value: strings as they are, errors by their message, anything else by its type. */
export function nameOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isError(value)) return `${read(value, "name")}: ${read(value, "message")}`;
  return ask(() => {
    if (Array.isArray(value)) return `[Array(${value.length})]`;
    if (value instanceof Element) return `[Element ${value.localName}]`;
    return value == null
      ? `${value}`
      : typeof value === "object"
        ? "[Object]"
        : `[${typeof value}]`;
  }, "[Object]");
}

function isError(value: unknown): value is Error {
  return ask(() => value instanceof Error, false);
}

function read(error: Error, key: "name" | "message" | "stack"): string {
  const text = ask<unknown>(() => error[key], "");
  return typeof text === "string" ? text : "";
}

/** Read from a value of the page, whose proxies and getters may throw. */
function ask<T>(question: () => T, otherwise: T): T {
  try {
    return question();
  } catch {
    return otherwise;
  }
}
