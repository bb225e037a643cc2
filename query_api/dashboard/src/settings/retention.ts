/** For how long sessions are kept, in days of the calendar. Pure. */

const DAY_MS = 86_400_000;
const LONG = new Intl.DateTimeFormat("en", { dateStyle: "long", timeZone: "UTC" });

/** The last UTC day on which a session that begins now can be watched. */
export function lastDayOf(retentionDays: number, nowMs: number): string {
  return LONG.format(nowMs + retentionDays * DAY_MS);
}

/** The first UTC day whose sessions are still kept. */
export function firstDayOf(retentionDays: number, nowMs: number): string {
  return LONG.format(nowMs - retentionDays * DAY_MS);
}
