/**
 * The script tag: `window.replaylake`, and the recorder where the visitor, the browser and the
 * website want one.
 *
 * The loader is small, so that a page loads as fast as without it. It fetches the recorder once the
 * page has loaded, or at the first interaction if that is earlier. A page may call `replaylake`
 * earlier still: it pushes `["consent", true]` onto an array of that name. Nothing is requested,
 * stored or recorded before Global Privacy Control is checked.
 */

import { guard } from "./guard.ts";
import { objection } from "./lifecycle/eligibility.ts";
import { onFirstInteraction } from "./lifecycle/first_interaction.ts";
import type * as Bundle from "./recorder.ts";
import type { Recorder, Status } from "./recorder.ts";
import { decide, hasRefused } from "./storage.ts";
import type { Config } from "./types.ts";

/** Names the bundle of this build; see build.mjs. */
declare const VERSION: string;

const CONFIG_TRIES = 3;
const CONFIG_RETRY_MS = 4_000;
const ERRORS_MAX = 20; // held until the recorder is there

type Call = [string, ...unknown[]];

const isDebug = /[?&]replaylake_debug=1\b/.test(location.search);
const say = (...what: unknown[]): void => {
  if (isDebug) console.info("[replaylake]", ...what);
};

const place = { base: "", website: "" };
let offset_ms = 0;
let config: Config | null = null;
let recorder: Recorder | null = null;
let isComing = false;
let reason = "the configuration is being read";
let consent: boolean | null = null;
let isStopped = false;
const errors: Event[] = []; // of the page's loading
let later: ((recorder: Recorder) => void)[] = [];

/** Call it now, or once the recorder has loaded. */
const soon = (then: (recorder: Recorder) => void): void => {
  if (recorder) then(recorder);
  else later.push(then);
};

const api = {
  /**
   * Set the visitor's consent, for the pages of this tab. Withdrawing it stops at once and drops
   * unsent events, those of earlier pages as well.
   */
  consent: guard((agrees: unknown) => {
    consent = agrees === true;
    if (consent) {
      decide(true);
      return proceed();
    }
    reason = "consent was withdrawn";
    later = [];
    errors.length = 0;
    recorder?.stop(reason, { drops: true });
    decide(false);
  }),
  /** Name the visitor by an id of the website's; e-mail addresses are refused. */
  identify: guard((id: unknown) => {
    if (typeof id !== "string" && typeof id !== "number") return;
    soon((recorder) => recorder.identify(String(id)));
  }),
  stop: guard(() => {
    isStopped = true;
    reason = "stop() was called";
    recorder?.stop(reason, { drops: false });
  }),
  start: guard(() => {
    isStopped = false;
    proceed();
  }),
  /** Upload this session, in any mode. */
  trigger: guard((name: unknown) =>
    soon((recorder) => {
      // A session that is held in memory would begin here.
      if (obstacle() === null) recorder.keep("manual", String(name ?? ""));
    }),
  ),
  /** URL at which the dashboard plays this moment; null without a session or a dashboard. */
  sessionUrl: (): string | null => {
    const { sessionId } = api.status();
    if (!sessionId || !recorder || !config?.dashboard_url) return null;
    const seconds = Math.floor(recorder.sessionMs() / 1000);
    return `${config.dashboard_url.replace(/\/$/, "")}/sessions/${sessionId}?t=${seconds}`;
  },
  status: (): Status =>
    recorder?.status() ?? {
      state: isComing ? "starting" : "off",
      reason,
      mode: config?.feature_flags.session_replay_trigger ?? null,
      sessionId: null,
      kept: null,
      bufferedBytes: 0,
      waitingBytes: 0,
      failures: 0,
      lastUpload: null,
      problems: [],
    },
  /** Call by name, as early calls on an array do. */
  push: guard((call: unknown) => {
    const [name, ...values] = call as Call;
    const method = (api as Record<string, unknown>)[name];
    if (typeof method === "function") (method as (...v: unknown[]) => void)(...values);
  }),
};

/** Return the reason against recording now, among those that can change. */
function obstacle(): string | null {
  if (!config) return reason;
  if (isStopped) return "stop() was called";
  if (!config.feature_flags.enable_session_replay) return "the website does not record";
  if (consent === false) return "consent was withdrawn";
  if (config.privacy.require_consent && !consent) return "waits for the visitor's consent";
  return null;
}

/** Record, if there is no reason against it now. */
function proceed(): void {
  const against = obstacle();
  if (against !== null) reason = against;
  else if (recorder) recorder.start([]);
  else fetchRecorder();
  say(api.status());
}

function fetchRecorder(): void {
  if (isComing) return;
  isComing = true;
  reason = "waits until the page has loaded";
  const hold = (event: Event): void => {
    if (errors.length < ERRORS_MAX && !obstacle()) errors.push(event);
  };
  const listen = (on: boolean): void => {
    const method = on ? addEventListener : removeEventListener;
    for (const name of ["error", "unhandledrejection"]) method(name, hold);
  };
  listen(true);
  whenLoaded()
    .then(() => import(`${place.base}r/${VERSION}.js`))
    .then(async (bundle: typeof Bundle) => {
      const parts = await bundle.loadParts(config as Config);
      listen(false);
      isComing = false;
      const against = obstacle();
      if (against !== null) {
        reason = against;
        return;
      }
      recorder = new bundle.Recorder(place, config as Config, offset_ms, say, parts);
      recorder.start(errors.splice(0));
      for (const then of later.splice(0)) then(recorder);
      say(api.status());
    })
    .catch((error: unknown) => {
      listen(false);
      isComing = false;
      reason = `the recorder could not be loaded (${error})`;
      say(reason);
    });
}

function whenLoaded(): Promise<void> {
  return new Promise((resolve) => {
    if (document.readyState === "complete") return resolve();
    const stop = onFirstInteraction(resolve);
    // After the page's own listeners, whose work is part of its loading.
    addEventListener("load", () =>
      setTimeout(() => {
        stop();
        resolve();
      }),
    );
  });
}

async function configure(): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const asked_ms = Date.now();
      const url = `${place.base}v1/config/${encodeURIComponent(place.website)}`;
      const answer = await fetch(url, {
        cache: "no-store",
        credentials: "omit",
        priority: "low",
        referrerPolicy: "no-referrer",
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      config = (await answer.json()) as Config;
      offset_ms = Math.round(config.now_ms - (asked_ms + Date.now()) / 2);
      return;
    } catch (error) {
      reason = `the configuration could not be read (${error})`;
      say(reason);
      if (tries === CONFIG_TRIES) return;
      await new Promise((resolve) => setTimeout(resolve, CONFIG_RETRY_MS * tries));
    }
  }
}

guard(() => {
  const script =
    (document.currentScript as HTMLScriptElement | null) ??
    document.querySelector<HTMLScriptElement>('script[data-website][src*="r.js"]');
  const calls = (window as { replaylake?: unknown }).replaylake;
  if (!script || (calls && !Array.isArray(calls))) return; // a second tag
  place.base = new URL(".", script.src).href;
  place.website = script.dataset.website ?? "";
  (window as { replaylake?: unknown }).replaylake = api;
  const against = objection(script.dataset.bots === "record");
  if (against !== null) {
    reason = against;
    say(reason);
    return;
  }
  if (hasRefused()) consent = false;
  for (const call of (calls as Call[] | undefined) ?? []) api.push(call);
  configure().then(guard(proceed));
})();
