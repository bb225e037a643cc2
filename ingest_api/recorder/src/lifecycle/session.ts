/**
 * A session: the pages of one tab, until half an hour without interactions.
 *
 * It is stored in `sessionStorage`. A browser copies that into a tab that another tab opens, and both
 * would write the same session: so a page marks it as open, and a page that sees the mark begins a
 * new session.
 */

import { newSecret, sessionIdOf } from "../ids.ts";
import { read, write } from "../storage.ts";

const IDLE_MS_MAX = 30 * 60_000;
const LENGTH_MS_MAX = 24 * 3_600_000;
const KEY = "replaylake";

export interface Session {
  id: string;
  secret: string;
  /** Server's clock, ms. */
  started_ms: number;
  active_ms: number;
  /** From the browser's clock to the server's: one for the session, so that its pages agree. */
  offset_ms: number;
  /** Trigger because of which it is uploaded, null before. */
  kept: string | null;
  pages: number;
  engaged_ms: number;
  isOpen: boolean;
}

/**
 * Return the tab's session if it goes on at `now_ms`.
 *
 * `isOurs`: the page comes back out of the tab's own history, where the page that it follows may
 * not have closed the session yet.
 */
export function resume(now_ms: number, isOurs = false): Session | null {
  try {
    const session = JSON.parse(read(KEY) ?? "null") as Session | null;
    return session && (isOurs || !session.isOpen) && !isOver(session, now_ms) ? session : null;
  } catch {
    return null;
  }
}

/** Whether no session is stored in this tab, not even one that is over. */
export function hasNone(): boolean {
  return read(KEY) === null;
}

/** Begin a session at `now_ms`, the server's clock. */
export function begin(now_ms: number, offset_ms: number): Session {
  const secret = newSecret();
  return {
    id: sessionIdOf(secret, now_ms),
    secret,
    started_ms: now_ms,
    active_ms: now_ms,
    offset_ms,
    kept: null,
    pages: 0,
    engaged_ms: 0,
    isOpen: true,
  };
}

export function isOver(session: Session, now_ms: number): boolean {
  return (
    isIdle(session, now_ms) ||
    now_ms - session.started_ms > LENGTH_MS_MAX ||
    session.started_ms - now_ms > LENGTH_MS_MAX
  );
}

export function isIdle(session: Session, now_ms: number): boolean {
  return now_ms - session.active_ms > IDLE_MS_MAX;
}

export function save(session: Session, isOpen = true): void {
  session.isOpen = isOpen;
  write(KEY, JSON.stringify(session));
}
