/** A view of the list as the address says it: a link to it shows the same sessions. Pure. */

import { SIGNALS } from "../api/types.ts";

export const SORTS = {
  recent: "Newest first",
  frustration: "Most frustrated",
  errors: "Most errors",
  duration: "Longest",
  pages: "Most pages",
} as const;

/** Periods that move with the clock, in minutes. */
export const PERIODS: Record<string, { label: string; minutes: number }> = {
  "1h": { label: "Last hour", minutes: 60 },
  "24h": { label: "Last 24 hours", minutes: 1440 },
  "7d": { label: "Last 7 days", minutes: 7 * 1440 },
  "30d": { label: "Last 30 days", minutes: 30 * 1440 },
};

/** Those that may be given more than once, and those that are said once. */
export const MANY = ["device", "browser", "os", "country", "signal"] as const;
export const ONCE = [
  "url",
  "userId",
  "visitorId",
  "live",
  "hasErrors",
  "hasFrustration",
  "minDuration",
  "maxDuration",
  "minPages",
  "from",
  "to",
] as const;
export type Many = (typeof MANY)[number];
export type Once = (typeof ONCE)[number];

const LABELS: Record<Many | Once, string> = {
  device: "Device",
  browser: "Browser",
  os: "System",
  country: "Country",
  signal: "Signal",
  url: "Address contains",
  userId: "User",
  visitorId: "Visitor",
  live: "Live",
  hasErrors: "Errors",
  hasFrustration: "Frustration",
  minDuration: "At least",
  maxDuration: "At most",
  minPages: "Pages, at least",
  from: "From",
  to: "Before",
};

export interface Chip {
  name: string;
  value: string;
  text: string;
}

/** What is asked of the API: everything of the address but which website and which period. */
export function questionOf(view: URLSearchParams, nowMs: number): URLSearchParams {
  const asked = new URLSearchParams(view);
  asked.delete("website");
  asked.delete("last");
  const period = periodOf(view);
  if (period && !asked.has("from")) {
    const from = new Date(nowMs - period.minutes * 60_000);
    asked.set("from", from.toISOString());
  }
  return asked;
}

export function periodOf(view: URLSearchParams) {
  const last = view.get("last") ?? "";
  return Object.hasOwn(PERIODS, last) ? PERIODS[last] : undefined;
}

/** What narrows the list, each to be taken back by itself. */
export function chipsOf(view: URLSearchParams): Chip[] {
  const chips: Chip[] = [];
  for (const name of [...ONCE, ...MANY]) {
    for (const value of view.getAll(name)) {
      if (value) chips.push({ name, value, text: textOf(name, value) });
    }
  }
  const period = periodOf(view);
  if (period) chips.push({ name: "last", value: view.get("last") ?? "", text: period.label });
  return chips;
}

function textOf(name: Many | Once, value: string): string {
  const isYesOrNo = value === "true" || value === "false";
  if (isYesOrNo) return value === "true" ? LABELS[name] : `No ${LABELS[name].toLowerCase()}`;
  if (name === "minDuration" || name === "maxDuration") {
    return `${LABELS[name]} ${Number(value) / 1000} s`;
  }
  if (name === "signal") return value.replaceAll("_", " ");
  return `${LABELS[name]}: ${value}`;
}

/** The view with one filter set, replaced or (by "") taken back. */
export function withOnce(view: URLSearchParams, name: Once | "sort" | "last", value: string) {
  const changed = new URLSearchParams(view);
  if (name === "last") for (const end of ["from", "to"]) changed.delete(end);
  if (name === "from" || name === "to") changed.delete("last");
  if (value) changed.set(name, value);
  else changed.delete(name);
  return changed;
}

/** The view with one value of a filter added, or taken back where it is there. */
export function withToggled(view: URLSearchParams, name: string, value: string) {
  const changed = new URLSearchParams(view);
  if (changed.has(name, value)) changed.delete(name, value);
  else changed.append(name, value);
  return changed;
}

export const CHOICES: Partial<Record<Many, readonly string[]>> = {
  device: ["desktop", "mobile", "tablet", "bot"],
  signal: SIGNALS,
};
