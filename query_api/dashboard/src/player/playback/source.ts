/** Sources of a recording: a session that a key may see, or that of a shared link. */

import { ask } from "../../api/client.ts";
import type { Session } from "../../api/types.ts";
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

/** Details of a session. Those of a shared session do not name the visitor. */
export interface Recording extends Omit<Session, "visitorId" | "userId"> {
  visitorId?: string;
  userId?: string | null;
  /** All users that were identified in it, the last one last. */
  userIds?: string[];
  isComplete: boolean;
  bytes: number;
  /** Time of the first event, ms since the epoch, the visitor's clock: moment 0. */
  firstAtMs: number;
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

export interface Source {
  /** Identifies the recording. */
  key: string;
  isShared: boolean;
  recording(): Promise<Recording>;
  /** Request a part of the events; resolves when the response begins. */
  replay(part: Part): Promise<Response>;
  /** URLs of the session as a file with all of its events; null if it is such a file. */
  exports: { page: string; events: string } | null;
  /** Make a link that plays this session; null where the viewer cannot. */
  share: ((expiresInS: number) => Promise<{ url: string; expiresAt: string }>) | null;
  /** Erase the session; null where the viewer cannot. */
  erase: (() => Promise<unknown>) | null;
}

/** A session of a website. Only an admin shares and erases. */
export function sessionSource(websiteId: string, sessionId: string, isAdmin: boolean): Source {
  const session = encodeURIComponent(sessionId);
  const website = `website=${encodeURIComponent(websiteId)}`;
  return {
    key: `${websiteId}/${sessionId}`,
    isShared: false,
    exports: {
      page: `/api/replay/${session}/offline?${website}`,
      events: `/api/replay/${session}?${website}`,
    },
    recording: () => ask(`/api/websites/${encodeURIComponent(websiteId)}/sessions/${session}`),
    replay: (part) => request(`/api/replay/${session}?${website}&${query(part)}`),
    share: isAdmin
      ? (expiresInS) =>
          ask(`/api/replay/${session}/share?${website}`, {
            method: "POST",
            body: { expires_in_s: expiresInS },
          })
      : null,
    erase: isAdmin ? () => ask(`/api/replay/${session}?${website}`, { method: "DELETE" }) : null,
  };
}

/** The session of a link. */
export function sharedSource(token: string): Source {
  const link = `/api/shared/${encodeURIComponent(token)}`;
  return {
    key: link,
    isShared: true,
    exports: { page: `${link}/offline`, events: `${link}/replay` },
    recording: () => ask(link),
    replay: (part) => request(`${link}/replay?${query(part)}`),
    share: null,
    erase: null,
  };
}

function query({ fromMs, toMs, pageId }: Part): string {
  const parameters = new URLSearchParams();
  if (fromMs !== undefined) parameters.set("from_ms", String(fromMs));
  if (toMs !== undefined && Number.isFinite(toMs)) parameters.set("to_ms", String(toMs));
  if (pageId) parameters.set("page", pageId);
  return parameters.toString();
}

/** Request events. Errors are reported by `recording`, which is requested as well. */
async function request(address: string): Promise<Response> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer;
}
