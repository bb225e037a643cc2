/** Rules that trigger the upload of a session in `errors_only` and `smart` mode. */

import type { Session } from "../lifecycle/session.ts";
import type { Config, NoteTag } from "../types.ts";

export type OnTrigger = (kind: string, detail: string) => void;

export class Triggers {
  readonly #config: Config;
  readonly #session: Session;
  readonly #onTrigger: OnTrigger;

  constructor(config: Config, session: Session, onTrigger: OnTrigger) {
    this.#config = config;
    this.#session = session;
    this.#onTrigger = onTrigger;
  }

  /** Apply the rules to a note. */
  see(tag: NoteTag, payload: Record<string, unknown>): void {
    const { session_replay_trigger: mode } = this.#config.feature_flags;
    const { smart } = this.#config;
    // A message in the console is no exception: many a page logs them all day.
    const isError = tag === "replaylake.error" && payload.source !== "console";
    if (isError && (mode === "errors_only" || (mode === "smart" && smart.errors))) {
      this.#onTrigger("error", String(payload.message ?? ""));
    }
    if (mode !== "smart") return;
    if (tag === "replaylake.rage_click" && smart.rage_clicks) {
      this.#onTrigger("rage_click", String(payload.target ?? ""));
    } else if (tag === "replaylake.click" && smart.dead_clicks) {
      if (!payload.interactive && !payload.reacted) {
        this.#onTrigger("dead_click", String(payload.target ?? ""));
      }
    } else if (tag === "replaylake.form" && smart.form_abandonment) {
      if (payload.step === "abandoned")
        this.#onTrigger("form_abandonment", String(payload.form ?? ""));
    } else if (tag === "replaylake.page") {
      this.#page(String(payload.url ?? ""));
    }
  }

  /** Apply the rule on engaged time. */
  engaged(): void {
    const { session_replay_trigger: mode } = this.#config.feature_flags;
    const { engaged_s } = this.#config.smart;
    if (mode === "smart" && this.#session.engaged_ms >= engaged_s * 1000) {
      this.#onTrigger("engaged", `${engaged_s} s`);
    }
  }

  #page(url: string): void {
    const { url_patterns, pages_min } = this.#config.smart;
    const path = pathOf(url);
    const pattern = url_patterns.find((part) => path.includes(part.toLowerCase()));
    if (pattern !== undefined) this.#onTrigger("url", pattern);
    else if (this.#session.pages >= pages_min)
      this.#onTrigger("pages", String(this.#session.pages));
  }
}

// The host is left out: every page of pricing.example would match `pricing`.
function pathOf(url: string): string {
  try {
    const { pathname, search, hash } = new URL(url);
    return (pathname + search + hash).toLowerCase();
  } catch {
    return "";
  }
}
