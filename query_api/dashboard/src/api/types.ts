/** The JSON of the query API, as its OpenAPI document describes it. Texts in it are hostile. */

export interface Website {
  website_id: string;
  name: string;
  plan: string;
  /** Whether its pages may record now. */
  records: boolean;
  retention_days: number;
  feature_flags: {
    enable_session_replay: boolean;
    session_replay_trigger: string;
    replay_sampling_rate: number;
  };
}

export interface Me {
  keyId: string;
  role: "viewer" | "admin";
  /** Where browsers find the ingest API; null where nobody told the service. */
  ingestUrl: string | null;
  websites: Website[];
}

export const SIGNALS = [
  "rage_click",
  "dead_click",
  "error_click",
  "form_frustration",
  "form_abandonment",
  "scroll_thrash",
  "quick_back",
  "slow_response",
] as const;
export type SignalKind = (typeof SIGNALS)[number];

interface Software {
  name: string | null;
  version: string | null;
}

/** One line of the list. Times are ms. */
export interface Session {
  sessionId: string;
  visitorId: string;
  userId: string | null;
  startedAt: string;
  duration: number;
  activeMs?: number | null;
  /** 60 digits: how much was done in each sixtieth of the session. */
  activity?: string | null;
  pageViews: number;
  errorCount: number;
  /** Null until the session was scored. */
  frustrationScore: number | null;
  signals: Partial<Record<SignalKind, number>>;
  viewport: { width: number | null; height: number | null };
  device: { type: string; model: string | null };
  browser: Software;
  os: Software;
  country: string | null;
  initialUrl: string | null;
  exitUrl?: string | null;
  clickCount: number;
  eventCount: number;
  isLive: boolean;
}

export interface SessionList {
  sessions: Session[];
  nextCursor: string | null;
  total: number;
}

export interface ErrorGroup {
  fingerprint: string;
  message: string;
  source?: string;
  count: number;
  sessions: number;
  visitors: number;
  firstSeenAt: string;
  lastSeenAt: string;
  /** Days without errors are left out. */
  byDay?: { date: string; count: number; sessions: number }[];
}

export interface ErrorGroups {
  errors: ErrorGroup[];
  total: number;
}

export interface Occurrence {
  sessionId: string;
  visitorId: string;
  seenAt: string;
  /** From the session's start. */
  atMs: number;
  message: string;
  stack: string | null;
  source: string;
}

export interface Occurrences {
  fingerprint: string;
  occurrences: Occurrence[];
  total: number;
  byDay?: ErrorGroup["byDay"];
}

export interface Frustrating {
  url: string | null;
  target: string | null;
  text: string | null;
  kind: string | null;
  count: number;
  sessions: number;
  visitors: number;
  kinds: Record<string, number>;
  /** Of those who saw the page, how many it frustrated; null where that is not known. */
  share: number | null;
  examples: { sessionId: string; atMs: number }[];
}

export interface Frustration {
  by: string;
  groups: Frustrating[];
  total: number;
}

export interface Day {
  date: string;
  sessions: number;
  visitors: number;
  pageViews: number;
  errors: number;
  errorSessions: number;
  /** Null where the day was summarised before it was known. */
  frustratedSessions: number | null;
  signals?: Record<string, number> | null;
}

/** Clicks in a cell of 10 by 10: `x` in per mille of the width, `y` in CSS px of the document. */
export interface ClickCell {
  x: number;
  y: number;
  count: number;
}

export interface Heatmap {
  url: string;
  viewCount: number;
  clickCount: number;
  clicksShown: number;
  clicks: ClickCell[];
  /** How many views saw the page down to `y` CSS px; falling. */
  scroll: { y: number; views: number }[];
  /** A recorded view to draw the page from; null where none is kept. */
  background: {
    sessionId: string;
    pageId: string;
    atMs: number;
    viewport: { width: number | null; height: number | null };
  } | null;
}

export interface ClickedPages {
  pages: { url: string; views: number; sessions: number; clicks: number }[];
  total: number;
}
