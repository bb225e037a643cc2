/** Notes of a recording that are not on its screen: console lines, requests, resizes and gaps. */

import { CUSTOM, META, PLUGIN, type RecordedEvent, sourceOf } from "./events.ts";
import { isClick, tagOf } from "./idle.ts";

export type Note =
  | { kind: "console"; atMs: number; level: string; text: string }
  | {
      kind: "network";
      atMs: number;
      method: string;
      path: string;
      status: number;
      tookMs: number | null;
    }
  | { kind: "view"; atMs: number; width: number; height: number }
  | { kind: "gap"; atMs: number; reason: string }
  | { kind: "click"; atMs: number };

/** Per window; longer lists are of no use. */
export const NOTES_MAX = 2_000;
const TEXT_LENGTH_MAX = 4_000;
const REQUESTS_MAX = 200;

type Json = Record<string, unknown>;

/** Return the notes of an event. */
export function notesOf(event: RecordedEvent, atMs: number): Note[] {
  const data = object(event.data);
  if (isClick(event)) return [{ kind: "click", atMs }];
  if (event.type === META || sourceOf(event) === 4) {
    const { width, height } = data;
    return Number.isFinite(width) && Number.isFinite(height)
      ? [{ kind: "view", atMs, width: width as number, height: height as number }]
      : [];
  }
  const payload = object(data.payload);
  if (event.type === PLUGIN) return ofPlugin(text(data.plugin), payload, atMs);
  if (event.type !== CUSTOM) return [];
  switch (tagOf(event)) {
    case "replaylake.error":
      return payload.source === "console"
        ? [{ kind: "console", atMs, level: "error", text: text(payload.message) }]
        : [];
    case "replaylake.network":
      return [request(payload.method, payload.path, payload.status, payload.duration_ms, atMs)];
    case "replaylake.gap":
      return [{ kind: "gap", atMs, reason: text(payload.reason) }];
    default:
      return [];
  }
}

/** Return the notes of rrweb's console and network plugins. */
function ofPlugin(plugin: string, payload: Json, atMs: number): Note[] {
  if (plugin.startsWith("rrweb/console")) {
    const said = Array.isArray(payload.payload) ? payload.payload : [];
    const line = said.slice(0, 20).map(argument).join(" ").slice(0, TEXT_LENGTH_MAX);
    return [{ kind: "console", atMs, level: text(payload.level) || "log", text: line }];
  }
  if (plugin.startsWith("rrweb/network") && Array.isArray(payload.requests)) {
    return payload.requests.slice(0, REQUESTS_MAX).flatMap((raw) => {
      const { method, name, duration, status, responseStatus } = object(raw);
      const code = status ?? responseStatus;
      return typeof code === "number" ? [request(method, name, code, duration, atMs)] : [];
    });
  }
  return [];
}

/** Return a logged value as text. The plugin logs JSON; a string is shown without its quotes. */
function argument(value: unknown): string {
  return text(value).replace(/^"(.*)"$/s, "$1");
}

function request(
  method: unknown,
  path: unknown,
  status: unknown,
  took: unknown,
  atMs: number,
): Note {
  return {
    kind: "network",
    atMs,
    method: text(method) || "GET",
    path: text(path),
    status: typeof status === "number" ? status : 0,
    tookMs: typeof took === "number" && Number.isFinite(took) ? took : null,
  };
}

function object(value: unknown): Json {
  return value !== null && typeof value === "object" ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, TEXT_LENGTH_MAX) : "";
}
