/** Entries of the audit log as sentences. Pure. */

import type { AuditEntry } from "../api/keeping.ts";
import { FIELDS, isName, writtenOf } from "./fields.ts";

const DEEDS: Record<string, string> = {
  "settings-changed": "changed settings",
  "key-made": "made a key",
  "key-revoked": "revoked a key",
  "erasure-asked": "asked for an erasure",
  "hold-placed": "placed a legal hold",
  "hold-released": "released a legal hold",
  "share-made": "made a link to a session",
  "share-revoked": "revoked a link",
  "replay-viewed": "watched a session",
  "quarantine-removed": "removed damaged or conflicting chunks from quarantine",
  "source-map-stored": "stored a source map",
  "source-map-removed": "removed a source map",
};
const ON_SESSIONS = ["replay-viewed", "hold-placed", "hold-released"];

export function deedOf({ action }: AuditEntry): string {
  return (Object.hasOwn(DEEDS, action) && DEEDS[action]) || action.replaceAll("-", " ");
}

/** Who did it; `mine` is the id of the reader's own key. */
export function actorOf({ actor }: AuditEntry, mine: string | undefined): string {
  if (actor === mine) return `you (key ${actor})`;
  if (actor === "cli") return "the command line";
  if (actor === "maintenance") return "maintenance";
  if (actor.startsWith("share ")) return `whoever has the link ${actor.slice(6)}`;
  return /^[a-z0-9]{12}$/.test(actor) ? `key ${actor}` : actor;
}

/** What stands in its details, each as `name: value`. */
export function detailsOf({ details }: AuditEntry): string[] {
  return Object.entries(details ?? {}).map(([name, value]) => {
    if (!isName(name)) return `${name.replaceAll("_", " ")}: ${plain(value)}`;
    const written = writtenOf(name, value);
    const unit = FIELDS[name].kind === "percent" ? " %" : "";
    const said = typeof written === "boolean" ? (written ? "on" : "off") : written;
    return `${FIELDS[name].label}: ${said.replaceAll("\n", ", ") || "none"}${unit}`;
  });
}

/** The session that an entry is about, where there is one to look at. */
export function sessionOf({ action, target }: AuditEntry): string | null {
  return ON_SESSIONS.includes(action) ? target : null;
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
