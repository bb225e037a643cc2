/** The few shapes that all of the recorder speaks of. */

/** One rrweb event. What stands in `data` is known to the sanitizer alone. */
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
  /** Where the dashboard is; empty where the operator does not tell. */
  dashboard_url: string;
}

/**
 * Add a custom event of ours to the stream: one of the tags in `sanitize/notes.ts`.
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

/** Ends what was begun. Never throws. */
export type Stop = () => void;

/** Takes a change of the page: the nodes that it is about, as far as they are known. */
export type Watcher = (ids: readonly number[], isScroll: boolean) => void;

/** What a signal needs of the recording that it belongs to. */
export interface Recording {
  note: Note;
  /** rrweb's id of a node, -1 where it has none. */
  idOf(node: Node | null): number;
  /** Call `fn` at each change of what is seen: mutations, scrolls, inputs, styles. */
  watch(fn: Watcher): Stop;
}
