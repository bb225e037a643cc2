/**
 * The sessions of one view: page after page by cursor, and the first page again every few seconds,
 * so that new sessions appear and live ones grow. It outlives its page: who comes back finds it.
 */

import { signal } from "@preact/signals";
import { ask, Problem } from "../api/client.ts";
import type { Session, SessionList } from "../api/types.ts";
import { questionOf } from "./filters.ts";

export const EVERY_MS = 5000;
export const PAGE = 50; // sessions

export interface Feed {
  /** Which website and view it is of. */
  of: string;
  sessions: Session[];
  total: number;
  nextCursor: string | null;
  isLoaded: boolean;
  isLoadingMore: boolean;
  problem: Problem | null;
}

const empty = (of: string): Feed => ({
  of,
  sessions: [],
  total: 0,
  nextCursor: null,
  isLoaded: false,
  isLoadingMore: false,
  problem: null,
});

export const feed = signal<Feed>(empty(""));
/** Since when relative periods count: the same for all pages of a list. */
let begunMs = 0;

const named = (websiteId: string, view: URLSearchParams) => `${websiteId}?${view}`;

/** The address of a view in the API. */
export function listPath(websiteId: string, view: URLSearchParams, nowMs: number): string {
  const asked = questionOf(view, nowMs);
  asked.set("limit", String(PAGE));
  return `/api/websites/${encodeURIComponent(websiteId)}/sessions?${asked}`;
}

/** Ask for the first page, and merge it with what is shown of the same view. */
export async function refresh(
  websiteId: string,
  view: URLSearchParams,
  stop: AbortSignal,
): Promise<void> {
  const of = named(websiteId, view);
  if (feed.value.of !== of) feed.value = empty(of);
  const askedMs = Date.now();
  try {
    const found = await ask<SessionList>(listPath(websiteId, view, askedMs), { signal: stop });
    const old = feed.value;
    if (old.of !== of || old.isLoadingMore) return;
    const sessions = merged(found, old.sessions);
    const isMore = sessions.length > found.sessions.length;
    if (!isMore) begunMs = askedMs;
    feed.value = {
      ...old,
      sessions,
      total: found.total,
      nextCursor: isMore ? old.nextCursor : found.nextCursor,
      isLoaded: true,
      problem: null,
    };
  } catch (problem) {
    if (stop.aborted) return;
    if (problem instanceof Problem) feed.value = { ...feed.value, problem };
    else throw problem;
  }
}

/** Ask for the page after the last. */
export async function loadMore(websiteId: string, view: URLSearchParams): Promise<void> {
  const { of, nextCursor, isLoadingMore } = feed.value;
  if (isLoadingMore || !nextCursor || of !== named(websiteId, view)) return;
  feed.value = { ...feed.value, isLoadingMore: true };
  try {
    const path = `${listPath(websiteId, view, begunMs)}&cursor=${encodeURIComponent(nextCursor)}`;
    const found = await ask<SessionList>(path);
    if (feed.value.of !== of) return;
    const sessions = [...feed.value.sessions, ...without(found.sessions, feed.value.sessions)];
    feed.value = { ...feed.value, ...found, sessions, isLoadingMore: false, problem: null };
  } catch (problem) {
    if (feed.value.of !== of) return;
    if (!(problem instanceof Problem)) throw problem;
    feed.value = { ...feed.value, isLoadingMore: false, problem };
  }
}

/** The new first page, and after it what was shown already and is not on it. */
export function merged(first: SessionList, shown: Session[]): Session[] {
  // All there is stands on the first page: what it lacks is no longer part of the view.
  if (first.nextCursor === null) return first.sessions;
  return [...first.sessions, ...without(shown, first.sessions)];
}

function without(sessions: Session[], others: Session[]): Session[] {
  const known = new Set(others.map((one) => one.sessionId));
  return sessions.filter((one) => !known.has(one.sessionId));
}
