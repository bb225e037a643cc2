/** Where a recording comes from: a session that a key may see, or the one of a shared link. */

import type { PageView } from "./stages.ts";
import type { Frame } from "./windows.ts";

export interface SignalEvent {
  kind: string;
  atMs: number;
  pageId: string;
  target: string | null;
  text: string | null;
  x: number | null;
  y: number | null;
}

export interface ErrorEvent {
  atMs: number;
  pageId: string;
  fingerprint: string;
  message: string;
  stack: string | null;
  source: string;
}

export interface Gap {
  pageId: string;
  kind: string;
  firstSeq: number;
  lastSeq: number;
}

interface Software {
  name: string | null;
  version: string | null;
}

/** What is known of a session beside its events. A shared one does not tell whose it is. */
export interface Recording {
  sessionId: string;
  visitorId?: string;
  userId?: string | null;
  startedAt: string;
  duration: number;
  pageViews: number;
  errorCount: number;
  frustrationScore: number | null;
  viewport: { width: number | null; height: number | null };
  device: { type: string; model: string | null };
  browser: Software;
  os: Software;
  country: string | null;
  initialUrl: string | null;
  clickCount: number;
  eventCount: number;
  isLive: boolean;
  isComplete: boolean;
  bytes: number;
  pageList: PageView[];
  signalEvents: SignalEvent[];
  errorEvents: ErrorEvent[];
  gaps: Gap[];
  frames: Frame[];
  trigger: string | null;
}

export interface Part {
  fromMs?: number;
  toMs?: number;
  pageId?: string | null;
}

/** What the API answered instead of what was asked for. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export interface Source {
  /** Tells one recording from another. */
  key: string;
  isShared: boolean;
  recording(): Promise<Recording>;
  /** The answer with some events, as it begins. */
  replay(part: Part): Promise<Response>;
  /** The address of all events in one file. */
  exportUrl: string;
  /** Make a link that plays this session; null where the viewer cannot. */
  share: ((expiresInS: number) => Promise<{ url: string; expiresAt: string }>) | null;
  /** Erase the session; null where the viewer cannot. */
  erase: (() => Promise<void>) | null;
}

/** A session of a website. Only an admin shares and erases. */
export function sessionSource(websiteId: string, sessionId: string, isAdmin: boolean): Source {
  const session = encodeURIComponent(sessionId);
  const website = `website=${encodeURIComponent(websiteId)}`;
  return {
    key: `${websiteId}/${sessionId}`,
    isShared: false,
    exportUrl: `/api/replay/${session}?${website}`,
    recording: () => asJson(`/api/websites/${encodeURIComponent(websiteId)}/sessions/${session}`),
    replay: (part) => asked(`/api/replay/${session}?${website}&${query(part)}`),
    share: isAdmin
      ? (expiresInS) =>
          asJson(`/api/replay/${session}/share?${website}`, {
            method: "POST",
            body: JSON.stringify({ expires_in_s: expiresInS }),
          })
      : null,
    erase: isAdmin
      ? async () => {
          await asked(`/api/replay/${session}?${website}`, { method: "DELETE" });
        }
      : null,
  };
}

/** The session of a link. */
export function sharedSource(token: string): Source {
  const link = `/api/shared/${encodeURIComponent(token)}`;
  return {
    key: link,
    isShared: true,
    exportUrl: `${link}/replay`,
    recording: () => asJson(link),
    replay: (part) => asked(`${link}/replay?${query(part)}`),
    share: null,
    erase: null,
  };
}

function query({ fromMs, toMs, pageId }: Part): string {
  const told = new URLSearchParams();
  if (fromMs !== undefined) told.set("from_ms", String(fromMs));
  if (toMs !== undefined && Number.isFinite(toMs)) told.set("to_ms", String(toMs));
  if (pageId) told.set("page", pageId);
  return told.toString();
}

async function asJson<Answer>(address: string, init: RequestInit = {}): Promise<Answer> {
  return (await asked(address, init)).json() as Promise<Answer>;
}

async function asked(address: string, init: RequestInit = {}): Promise<Response> {
  // The cookie is believed for changes only where no other origin can have asked.
  const changes = init.method ? { "X-Requested-With": "replaylake" } : {};
  const answer = await fetch(address, { ...init, headers: changes });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => null)) as { detail?: string } | null;
  throw new Refused(answer.status, problem?.detail ?? `the server answered ${answer.status}`);
}
