/** What is other than in the period before: a website's days, compared. Pure. */

import type { Day } from "../api/types.ts";
import { signalName } from "../shell/format.ts";

/** With fewer sessions a change tells of chance alone. */
export const SESSIONS_MIN = 10;
/** A change of less than a tenth is none. */
const CHANGE_MIN = 0.1;
/** And a share of all sessions that moves by less than this is noise, whatever the factor. */
const SHARE_MIN = 0.01;
const CHANGES_MAX = 5;

export interface Change {
  name: string;
  before: number;
  after: number;
  unit: "per day" | "share" | "per 100 sessions";
  /** Null where more is neither good nor bad. */
  isWorse: boolean | null;
}

/**
 * Return the changes from the days before `date` to those from it on, the greatest first; null where
 * there is too little to compare.
 */
export function changesOf(days: readonly Day[], date: string): Change[] | null {
  const [before, after] = [
    sum(days.filter((day) => day.date < date)),
    sum(days.filter((day) => day.date >= date)),
  ];
  if (before.sessions < SESSIONS_MIN || after.sessions < SESSIONS_MIN) return null;
  const share = (part: "errorSessions" | "frustratedSessions") =>
    [before[part] / before.sessions, after[part] / after.sessions] as const;
  const found: Change[] = [
    change("Sessions", before.sessions / before.days, after.sessions / after.days, "per day", null),
    change("Sessions with errors", ...share("errorSessions"), "share"),
    change("Sessions with frustration", ...share("frustratedSessions"), "share"),
  ];
  for (const kind of new Set([...before.signals.keys(), ...after.signals.keys()])) {
    const per = (one: Sum) => (100 * (one.signals.get(kind) ?? 0)) / one.sessions;
    const name = signalName(kind);
    found.push(
      change(
        `${name[0]?.toUpperCase()}${name.slice(1)}`,
        per(before),
        per(after),
        "per 100 sessions",
      ),
    );
  }
  return found
    .filter(isOne)
    .sort((one, other) => factor(other) - factor(one))
    .slice(0, CHANGES_MAX);
}

interface Sum {
  days: number;
  sessions: number;
  errorSessions: number;
  frustratedSessions: number;
  signals: Map<string, number>;
}

function sum(days: readonly Day[]): Sum {
  const all: Sum = {
    days: 0,
    sessions: 0,
    errorSessions: 0,
    frustratedSessions: 0,
    signals: new Map(),
  };
  const times = days.map((day) => Date.parse(day.date));
  // Days without sessions are not told, and count.
  if (times.length) all.days = (Math.max(...times) - Math.min(...times)) / 86_400_000 + 1;
  for (const day of days) {
    all.sessions += day.sessions;
    all.errorSessions += day.errorSessions;
    all.frustratedSessions += day.frustratedSessions ?? 0;
    for (const [kind, count] of Object.entries(day.signals ?? {})) {
      all.signals.set(kind, (all.signals.get(kind) ?? 0) + count);
    }
  }
  return all;
}

function change(
  name: string,
  before: number,
  after: number,
  unit: Change["unit"],
  isWorse: boolean | null = after > before,
): Change {
  return { name, before, after, unit, isWorse };
}

function isOne({ before, after, unit }: Change): boolean {
  const difference = Math.abs(after - before);
  const least = unit === "share" ? SHARE_MIN : unit === "per day" ? 0 : 100 * SHARE_MIN;
  return difference > least && difference >= CHANGE_MIN * Math.max(before, after);
}

/** How many times it is, up or down; what there was none of counts as little. */
function factor({ before, after, unit }: Change): number {
  const little = unit === "share" ? SHARE_MIN : 1;
  const [low, high] = [Math.min(before, after), Math.max(before, after)];
  return (high + little) / (low + little);
}
