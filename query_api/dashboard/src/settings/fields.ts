/**
 * The settings as a form has them: what each is called, how its value is written, what differs.
 * Pure.
 */

import type { Settings } from "../api/keeping.ts";

export type Kind = "yes" | "choice" | "text" | "lines" | "number" | "percent";
export type Part = "recording" | "privacy" | "website";

interface Field {
  label: string;
  kind: Kind;
  /** Of the page where it stands. */
  part: Part;
}

const field = (part: Part, kind: Kind, label: string): Field => ({ part, kind, label });

export const FIELDS = {
  enable_session_replay: field("recording", "yes", "Record sessions"),
  session_replay_trigger: field("recording", "choice", "Mode"),
  replay_sampling_rate: field("recording", "percent", "Share of sessions"),
  errors: field("recording", "yes", "JavaScript errors"),
  rage_clicks: field("recording", "yes", "Rage clicks"),
  dead_clicks: field("recording", "yes", "Dead clicks"),
  form_abandonment: field("recording", "yes", "Abandoned forms"),
  url_patterns: field("recording", "lines", "Addresses that contain"),
  pages_min: field("recording", "number", "Pages, at least"),
  engaged_s: field("recording", "number", "Engaged for, at least"),
  mask_emails: field("privacy", "yes", "Hide e-mail addresses"),
  mask_patterns: field("privacy", "yes", "Hide what looks private in any text"),
  mask_text: field("privacy", "choice", "Texts"),
  require_consent: field("privacy", "yes", "Record only after consent"),
  name: field("website", "text", "Name"),
  origins: field("website", "lines", "Origins that may record"),
};

export type Name = keyof typeof FIELDS;
export const NAMES = Object.keys(FIELDS) as Name[];
/** As the API has them. */
export type Values = Record<Name, unknown>;
/** As they are written: a checkbox is on or not, everything else is text. */
export type Written = Partial<Record<Name, boolean | string>>;

/** Where a part of the settings stands. */
export function pathOf(part: string): string {
  return part === "recording" ? "/settings" : `/settings/${part}`;
}

export function isName(text: string): text is Name {
  return Object.hasOwn(FIELDS, text);
}

export function valuesOf(settings: Settings): Values {
  const { feature_flags, privacy, smart, name, origins } = settings;
  return { ...feature_flags, ...privacy, ...smart, name, origins } as Values;
}

/** A value as one writes it. */
export function writtenOf(name: Name, value: unknown): boolean | string {
  const { kind } = FIELDS[name];
  if (kind === "yes") return value === true;
  if (kind === "percent") return String(Number((Number(value) * 100).toPrecision(12)));
  return Array.isArray(value) ? value.join("\n") : String(value ?? "");
}

/** What is written as a value. What is no number stays text: the API says what is wrong with it. */
export function readOf(name: Name, written: boolean | string): unknown {
  const { kind } = FIELDS[name];
  if (typeof written === "boolean") return written;
  const text = written.trim();
  if (kind === "lines") return text.split(/\s*\n\s*/).filter(Boolean);
  if (kind !== "number" && kind !== "percent") return kind === "text" ? text : written;
  const number = text === "" ? Number.NaN : Number(text);
  if (Number.isNaN(number)) return text;
  return kind === "percent" ? Number((number / 100).toPrecision(12)) : number;
}

/** What is written and differs from what is saved. */
export function changesOf(saved: Values, written: Written): Partial<Values> {
  const changes: Partial<Values> = {};
  for (const name of NAMES) {
    const now = written[name];
    if (now === undefined) continue;
    const value = readOf(name, now);
    if (JSON.stringify(value) !== JSON.stringify(saved[name])) changes[name] = value;
  }
  return changes;
}

/** What the API would refuse in words that are not the form's. */
export function mistakeIn(changes: Partial<Values>): { name: Name; text: string } | null {
  for (const name of NAMES) {
    const value = changes[name];
    if (value === undefined || FIELDS[name].kind !== "percent") continue;
    const isShare = typeof value === "number" && value >= 0 && value <= 1;
    if (!isShare) return { name, text: "Give a number from 0 to 100." };
  }
  return null;
}
