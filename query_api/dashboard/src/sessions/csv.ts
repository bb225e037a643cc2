/** The sessions of a view as a file for spreadsheets, in which no cell is a formula. */

import { ask } from "../api/client.ts";
import { type Session, type SessionList, SIGNALS } from "../api/types.ts";
import { listPath } from "./feed.ts";

export const ROWS_MAX = 10_000; // 200 requests of 50; a spreadsheet is read no further

const COLUMNS: Record<string, (session: Session) => unknown> = {
  session: (one) => one.sessionId,
  started_at: (one) => one.startedAt,
  duration_s: (one) => one.duration / 1000,
  visitor: (one) => one.visitorId,
  user: (one) => one.userId,
  country: (one) => one.country,
  device: (one) => one.device.type,
  browser: (one) => one.browser.name,
  browser_version: (one) => one.browser.version,
  os: (one) => one.os.name,
  first_page: (one) => one.initialUrl,
  pages: (one) => one.pageViews,
  clicks: (one) => one.clickCount,
  errors: (one) => one.errorCount,
  frustration_score: (one) => one.frustrationScore,
  ...Object.fromEntries(SIGNALS.map((kind) => [kind, (one: Session) => one.signals[kind]])),
};

export function csvOf(sessions: Session[]): string {
  const lines = [Object.keys(COLUMNS)];
  for (const one of sessions) lines.push(Object.values(COLUMNS).map((read) => cell(read(one))));
  return `${lines.map((cells) => cells.join(",")).join("\r\n")}\r\n`;
}

/** One cell. What a spreadsheet would take for a formula becomes text by an apostrophe. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = String(value).replace(/^(?=[\s\0]*[=+\-@＝＋－＠\t\r])/u, "'");
  return /[",\r\n';\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Read a whole view, page by page; `tell` hears how many there are so far. */
export async function wholeView(
  websiteId: string,
  view: URLSearchParams,
  tell: (count: number) => void,
): Promise<Session[]> {
  const path = listPath(websiteId, view, Date.now());
  const sessions: Session[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const found: SessionList = await ask<SessionList>(path + more);
    sessions.push(...found.sessions);
    cursor = found.nextCursor;
    tell(sessions.length);
  } while (cursor && sessions.length < ROWS_MAX);
  return sessions;
}

/** Let the browser save a text as a file. */
export function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
