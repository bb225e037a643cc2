/**
 * The recorder of one page: its sessions, from the first start until the page ends.
 *
 * It holds a session, a page of it, the page's sender, and in `errors_only` and `smart` mode the
 * buffer that waits for a trigger.
 */

import { failures, guard } from "./guard.ts";
import { newPageId } from "./ids.ts";
import { refusal } from "./lifecycle/eligibility.ts";
import { type Listener, PageRecording } from "./lifecycle/recording.ts";
import { Clock } from "./lifecycle/server_clock.ts";
import { begin, hasNone, isIdle, isOver, resume, type Session, save } from "./lifecycle/session.ts";
import { loadParts, type Parts } from "./parts.ts";
import { refusedId } from "./privacy/identity.ts";
import { Sanitizer } from "./privacy/index.ts";
import { isReturn, listenAll, notePage } from "./signals/index.ts";
import { forgetAll } from "./storage.ts";
import type { Checkpoints } from "./triggers/checkpoints.ts";
import type { Triggers } from "./triggers/rules.ts";
import type { Config, NoteTag, Stop } from "./types.ts";
import { prepareGzip } from "./upload/gzip.ts";
import { Sender, type Upload } from "./upload/sender.ts";
import { takeUnsent } from "./upload/unsent.ts";

const TICK_MS = 5_000;
const ENGAGED_GAP_MS = 5_000; // between two interactions of an engaged visitor
const OFFSET_MS_SAME = 5_000; // two pages' readings of the server's clock differ by less
const ACTIVITY = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchstart"];

export { loadParts };

export interface Place {
  /** Where the ingest API is, with a slash at its end. */
  base: string;
  website: string;
}

export interface Status {
  state: "off" | "starting" | "armed" | "recording";
  /** Why it does not record, or what it waits for. */
  reason: string;
  mode: string | null;
  sessionId: string | null;
  /** Trigger because of which this session is uploaded. */
  kept: string | null;
  bufferedBytes: number;
  waitingBytes: number;
  /** Number of errors in the recorder itself. */
  failures: number;
  lastUpload: Upload | null;
  /** What the page should mend, one of a kind. */
  problems: { kind: string; detail: string }[];
}

export class Recorder implements Listener {
  reason = "the page is loading";
  #session: Session | null = null;
  /** A session that is not in the sample: held in memory, so that it may be kept all the same. */
  #unsampled: Session | null = null;
  #clock = new Clock(0);
  #recording: PageRecording | null = null;
  #senders: Sender[] = [];
  #checkpoints: Checkpoints | null = null;
  #triggers: Triggers | null = null;
  #stops: Stop[] = [];
  #lastUrl = "";
  readonly #problems = new Map<string, string>();
  readonly #place: Place;
  readonly #config: Config;
  readonly #offset_ms: number;
  readonly #say: (...what: unknown[]) => void;
  readonly #parts: Parts;

  /** `offset_ms` is from the browser's clock to the server's; `parts` are those of `loadParts`. */
  constructor(
    place: Place,
    config: Config,
    offset_ms: number,
    say: (...what: unknown[]) => void,
    parts: Parts,
  ) {
    this.#place = place;
    this.#config = config;
    this.#offset_ms = offset_ms;
    this.#say = say;
    this.#parts = parts;
  }

  /** Record from here on. `early` are errors that happened before. */
  start(early: readonly Event[]): void {
    if (this.#recording) return;
    this.#clock = new Clock(this.#offset_ms);
    const now = this.#clock.now();
    const session = this.#unsampled ?? resume(now) ?? begin(now, this.#offset_ms);
    if (Math.abs(session.offset_ms - this.#offset_ms) < OFFSET_MS_SAME) {
      this.#clock = new Clock(session.offset_ms);
    } else session.offset_ms = this.#offset_ms;
    if (!this.#enter(session)) return;
    this.#recording = new PageRecording(new Sanitizer(this.#config.privacy), this.#clock, this);
    this.#turnPage();
    this.#recording.start();
    this.#listen(early);
    this.#introduce(isReturn());
    this.#sender?.addChunks(takeUnsent(now));
    prepareGzip();
  }

  /** Record no more. What is recorded is still sent, unless it is to be dropped. */
  stop(reason: string, options: { drops: boolean }): void {
    this.reason = reason;
    this.#say(reason);
    for (const stop of this.#stops.splice(0)) stop();
    this.#recording?.stop();
    this.#recording = null;
    this.#checkpoints = null;
    if (options.drops) {
      for (const sender of this.#senders.splice(0)) sender.drop();
      forgetAll();
      this.#session = null; // what comes later must not store it again
      return;
    }
    for (const sender of this.#senders) sender.flush();
    if (this.#session) save(this.#session, false);
  }

  /** Upload this session; `kind` is the reason. */
  readonly keep = (kind: string, detail: string): void => {
    if (this.#unsampled) {
      this.#unsampled.kept = kind;
      this.start([]);
      this.#recording?.note("replaylake.trigger", { kind, detail });
      return;
    }
    if (!this.#session || !this.#recording || this.#session.kept) return;
    this.#session.kept = kind;
    save(this.#session);
    this.#say("this session is kept:", kind, detail);
    this.#recording.note("replaylake.trigger", { kind, detail });
    const pieces = this.#checkpoints?.take() ?? [];
    this.#checkpoints = null;
    for (const { page, events } of pieces) {
      if (page === this.#page) for (const event of events) this.#sender?.add(event);
    }
    const earlier = pieces.filter(({ page }) => page !== this.#page);
    if (earlier.length && this.#parts.triggers)
      this.#sender?.addChunks(this.#parts.triggers.chunksOf(earlier, this.#session.secret));
    this.#sender?.flush();
  };

  identify(id: string): void {
    const why = refusedId(id);
    if (why) this.#problems.set("identify-refused", `the id ${why}`);
    else this.#recording?.note("replaylake.identify", { id });
  }

  status(): Status {
    const session = this.#session;
    const [state, reason] = this.#state();
    return {
      state,
      reason,
      mode: this.#config.feature_flags.session_replay_trigger,
      sessionId: session?.id ?? null,
      kept: session?.kept ?? null,
      bufferedBytes: this.#checkpoints?.length ?? 0,
      waitingBytes: this.#senders.reduce((sum, sender) => sum + sender.waitingBytes, 0),
      failures,
      lastUpload: this.#sender?.lastUpload ?? null,
      problems: [...this.#problems].map(([kind, detail]) => ({ kind, detail })),
    };
  }

  #state(): [Status["state"], string] {
    if (!this.#recording) return ["off", this.reason];
    if (!this.#recording.hasBegun) return ["starting", "waits until the page is idle"];
    if (!this.#checkpoints) return ["recording", ""];
    const isFull = this.#checkpoints.isOverfull;
    return ["armed", isFull ? "the page is too large for the buffer" : "waits for a trigger"];
  }

  /** Time since the session began, ms. */
  sessionMs(): number {
    return this.#session ? this.#clock.now() - this.#session.started_ms : 0;
  }

  // Events of the recording.

  readonly sink = (json: string, at_ms: number, isCheckpoint: boolean): void => {
    // The visitor is idle: what the page does by itself is not recorded until they return.
    if (!this.#session || isIdle(this.#session, at_ms)) return;
    if (this.#checkpoints) this.#checkpoints.add(json, at_ms, isCheckpoint);
    else this.#sender?.add(json);
  };

  noted(tag: NoteTag, payload: Record<string, unknown>): void {
    if (tag === "replaylake.page" && this.#session && payload.url !== this.#lastUrl) {
      this.#lastUrl = String(payload.url);
      this.#session.pages++;
    }
    this.#triggers?.see(tag, payload);
  }

  keepsMinutes(): boolean {
    return this.#checkpoints !== null;
  }

  // Sessions and pages.

  #page = "";

  get #sender(): Sender | undefined {
    return this.#senders[this.#senders.length - 1];
  }

  get #isTriggered(): boolean {
    return this.#config.feature_flags.session_replay_trigger !== "all";
  }

  /** Enter this session, if the website wants it. Nothing is stored of one that it does not. */
  #enter(session: Session): boolean {
    const why = session.kept === null ? refusal(this.#config, session.id, hasNone()) : null;
    if (why !== null) {
      this.stop(why, { drops: false });
      this.#session = null;
      this.#unsampled = session;
      return false;
    }
    this.#unsampled = null;
    this.#session = session;
    save(session);
    return true;
  }

  /** Begin a page: of another session, or of the same session after a return. */
  #turnPage(): void {
    const session = this.#session as Session;
    this.#page = newPageId(this.#clock.now());
    const place = { session: session.id, page: this.#page };
    const { base, website } = this.#place;
    this.#senders.push(
      new Sender(
        base,
        website,
        { ...place, secret: session.secret },
        {
          ended: (why) => this.stop(why, { drops: true }),
          resumed: guard(() => {
            this.#recording?.note("replaylake.gap", { reason: "nothing-could-be-sent" });
            this.#recording?.snapshot();
          }),
        },
      ),
    );
    const { triggers } = this.#parts;
    this.#triggers = triggers ? new triggers.Triggers(this.#config, session, this.keep) : null;
    this.#checkpoints =
      triggers && !session.kept ? new triggers.Checkpoints(place, this.#clock.now()) : null;
    this.#lastUrl = "";
  }

  #turnAndShow(isBack: boolean): void {
    this.#turnPage();
    if (!this.#recording) return;
    this.#recording.snapshot();
    this.#introduce(isBack);
  }

  #introduce(isBack: boolean): void {
    notePage(this.#recording as PageRecording, isBack);
    if (!this.#isTriggered) this.keep("all", "");
  }

  #listen(early: readonly Event[]): void {
    const on = (target: EventTarget, name: string, then: () => void): void => {
      const listener = guard(then);
      target.addEventListener(name, listener, { capture: true, passive: true });
      this.#stops.push(() => target.removeEventListener(name, listener, true));
    };
    const options = { network: this.#parts.network, ingest: this.#place.base, early };
    this.#stops.push(listenAll(this.#recording as PageRecording, options));
    for (const name of ACTIVITY) on(window, name, () => this.#act());
    // After the signals' own, which have a last word to note.
    on(window, "pagehide", () => this.#hide());
    on(window, "pageshow", () => this.#show());
    on(document, "visibilitychange", () => {
      if (document.visibilityState === "hidden") for (const sender of this.#senders) sender.flush();
    });
    const timer = setInterval(
      guard(() => this.#tick()),
      TICK_MS,
    );
    this.#stops.push(() => clearInterval(timer));
  }

  #act(): void {
    const session = this.#session;
    if (!session) return;
    const now = this.#clock.now();
    if (isOver(session, now)) {
      this.#sender?.flush();
      if (!this.#enter(begin(now, this.#clock.offset_ms))) return;
      this.#turnAndShow(false);
      return;
    }
    session.engaged_ms += Math.min(now - session.active_ms, ENGAGED_GAP_MS);
    session.active_ms = now;
  }

  #tick(): void {
    if (this.#session) save(this.#session);
    this.#triggers?.engaged();
    this.#recording?.tick();
  }

  #isHidden = false;

  #hide(): void {
    this.#isHidden = true;
    this.#checkpoints?.carry();
    for (const sender of this.#senders) sender.leave();
    if (this.#session) save(this.#session, false);
  }

  /** Resume after the back/forward cache: the tab may have shown other pages meanwhile. */
  #show(): void {
    if (!this.#isHidden) return;
    this.#isHidden = false;
    const now = this.#clock.now();
    if (!this.#enter(resume(now, true) ?? begin(now, this.#clock.offset_ms))) return;
    this.#turnAndShow(true);
    this.#sender?.comeBack(now);
  }
}
