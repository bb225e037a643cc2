/** What is to be erased as it is written, and what became of it in words. Pure. */

import type { Erasure } from "../api/keeping.ts";
import { count, counted } from "../shell/format.ts";

export type By = "userId" | "visitorId" | "sessions";

export const BY: Record<By, { label: string; whose: string }> = {
  userId: { label: "User id", whose: "of this user" },
  visitorId: { label: "Visitor id", whose: "of this visitor" },
  sessions: { label: "Session ids", whose: "" },
};

/** What the API is asked to erase; null where nothing is written. */
export function targetsOf(by: By, text: string): Record<string, unknown> | null {
  const wanted = text.trim();
  if (!wanted) return null;
  return {
    [by]: by === "sessions" ? [...new Set(wanted.split(/[\s,;]+/).filter(Boolean))] : wanted,
  };
}

/** What a receipt says went; what there was nothing of is left out. */
export function goneOf(erasure: Erasure): string {
  const counts: [number, string, string?][] = [
    [erasure.rows, "row"],
    [erasure.files, "file", ` (${bytes(erasure.bytes)})`],
    [erasure.chunks, "chunk"],
    [erasure.tableFiles, "table file"],
    [erasure.unreadableObjects, "object", " that nobody could read"],
  ];
  const parts = counts
    .filter(([number]) => number > 0)
    .map(([number, thing, more = ""]) => counted(number, thing) + more);
  const sessions = counted(erasure.sessions, "session");
  return parts.length > 0
    ? `${sessions}: ${parts.join(", ")}`
    : `${sessions}, of which nothing was stored`;
}

export function bytes(number: number): string {
  if (number < 1000) return `${number} B`;
  if (number < 1e6) return `${count(number / 1e3)} kB`;
  return number < 1e9 ? `${count(number / 1e6)} MB` : `${count(number / 1e9)} GB`;
}
