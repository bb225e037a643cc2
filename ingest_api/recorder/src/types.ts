/** Types that all of the recorder shares. */

/** One rrweb event. Only the sanitizer knows the types of `data`. */
export interface RrwebEvent {
  type: number;
  data: unknown;
  /** ms since the Unix epoch: the browser's clock from rrweb, the server's when it leaves. */
  timestamp: number;
}

/** What a website hides beyond what is always hidden (`privacy` of /v1/config). */
export interface Privacy {
  mask_emails: boolean;
  require_consent: boolean;
  mask_patterns: boolean;
  /** What texts hide beyond patterns. */
  mask_text?: "patterns" | "numbers" | "all";
}

/** What makes `smart` mode keep a session (`smart` of /v1/config). */
export interface SmartRules {
  errors: boolean;
  rage_clicks: boolean;
  dead_clicks: boolean;
  form_abandonment: boolean;
  url_patterns: string[];
  pages_min: number;
  engaged_s: number;
}

/** The answer of /v1/config/{website_id}. */
export interface Config {
  now_ms: number;
  feature_flags: {
    enable_session_replay: boolean;
    session_replay_trigger: "all" | "errors_only" | "smart";
    replay_sampling_rate: number;
  };
  privacy: Privacy;
  smart: SmartRules;
  network_panel: boolean;
  /** URL of the dashboard; empty if the operator has not set it. */
  dashboard_url: string;
}

/**
 * Add a custom event of ours to the stream: one of the tags in `privacy/notes.ts`.
 * `at_ms` is when it happened by the browser's clock, where that was earlier than now.
 */
export type Note = (tag: NoteTag, payload: Record<string, unknown>, at_ms?: number) => void;

export type NoteTag =
  | "replaylake.page"
  | "replaylake.identify"
  | "replaylake.trigger"
  | "replaylake.error"
  | "replaylake.click"
  | "replaylake.rage_click"
  | "replaylake.own_scroll"
  | "replaylake.form"
  | "replaylake.network"
  | "replaylake.gap";

/** Stops what was started. Never throws. */
export type Stop = () => void;

/** Receives a change of the page: its nodes, as far as they are known. */
export type Watcher = (ids: readonly number[], isScroll: boolean) => void;

/** The recording, as its signals use it. */
export interface Recording {
  note: Note;
  /** rrweb's id of a node, -1 where it has none. */
  idOf(node: Node | null): number;
  /** Call `fn` at each change of what is seen: mutations, scrolls, inputs, styles. */
  watch(fn: Watcher): Stop;
}
