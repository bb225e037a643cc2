/** Days one after the other: those without sessions, which the API leaves out, are zero. Pure. */

import type { Day } from "../api/types.ts";

const DAY_MS = 86_400_000;
const DAYS_MAX = 4000; // more than any website keeps

const NOTHING = {
  sessions: 0,
  visitors: 0,
  pageViews: 0,
  errors: 0,
  errorSessions: 0,
  frustratedSessions: 0,
};

/** Every day from the first that is told to the last. `days` are in order. */
export function withoutGaps(days: Day[]): Day[] {
  const known = new Map(days.map((day) => [day.date, day]));
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return [];
  const whole: Day[] = [];
  for (let at = Date.parse(first.date); at <= Date.parse(last.date); at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10);
    whole.push(known.get(date) ?? { date, ...NOTHING });
    if (whole.length >= DAYS_MAX) break;
  }
  return whole;
}
