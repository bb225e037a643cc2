/** Parse recorded events from lines of a response, which may be broken. */

export interface RecordedEvent {
  type: number;
  data: unknown;
  /** ms since the Unix epoch, the browser's clock. */
  timestamp: number;
}

export const FULL_SNAPSHOT = 2;
export const INCREMENTAL = 3;
export const META = 4;
export const CUSTOM = 5;
export const PLUGIN = 6;

/** Return the event of a line of NDJSON, or null if it is not an event. */
export function eventOf(line: string): RecordedEvent | null {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return null;
  }
  if (raw === null || typeof raw !== "object") return null;
  const { type, data, timestamp } = raw as Record<string, unknown>;
  if (typeof type !== "number" || typeof timestamp !== "number" || !Number.isFinite(timestamp)) {
    return null;
  }
  return { type, data, timestamp };
}

/** The source of an incremental event, -1 of others. */
export function sourceOf(event: RecordedEvent): number {
  if (event.type !== INCREMENTAL || event.data === null || typeof event.data !== "object")
    return -1;
  const { source } = event.data as { source?: unknown };
  return typeof source === "number" ? source : -1;
}
