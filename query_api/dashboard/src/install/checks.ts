/** Why nothing may arrive, as far as a website's settings tell. Pure. */

import type { Settings } from "../api/keeping.ts";

export interface Check {
  /** `mind`: it may be the reason, and only who knows the page can tell. */
  state: "good" | "bad" | "mind";
  text: string;
  /** What to call in the page's console. */
  call?: string;
  /** Where it is changed: what follows `/settings`. */
  at?: string;
}

const TRIGGER = 'replaylake.trigger("test")';

/** Everything that lets a page record or not, in the order in which it matters. */
export function checksOf(settings: Settings): Check[] {
  return [isOn(settings), plan(settings), origins(settings), mode(settings), consent(settings)];
}

function isOn({ feature_flags }: Settings): Check {
  return feature_flags.enable_session_replay
    ? { state: "good", text: "Recording is on." }
    : { state: "bad", text: "Recording is off.", at: "" };
}

function plan({ plan }: Settings): Check {
  return plan === "free"
    ? { state: "bad", text: "The plan “free” does not record.", at: "/website" }
    : { state: "good", text: `The plan “${plan}” records.` };
}

function origins({ origins }: Settings): Check {
  if (origins.length === 0) {
    return { state: "bad", text: "No origin may record yet: name your pages'.", at: "/website" };
  }
  if (origins.includes("*")) return { state: "good", text: "Pages of any origin may record." };
  const named = origins.join(", ");
  const text = `Pages of ${named} may record, and no others: scheme, host and port must be equal.`;
  return { state: "mind", text, at: "/website" };
}

function mode({ feature_flags }: Settings): Check {
  const rate = Number(feature_flags.replay_sampling_rate);
  switch (feature_flags.session_replay_trigger) {
    case "all":
      if (rate >= 1) return { state: "good", text: "Every session is kept." };
      return {
        state: rate > 0 ? "mind" : "bad",
        text: `${Number((rate * 100).toPrecision(6))} % of sessions are drawn: most visits leave nothing.`,
        at: "",
      };
    case "errors_only":
      return {
        state: "mind",
        text: "Nothing is sent before JavaScript fails. To keep a visit anyhow, call in the page's console:",
        call: TRIGGER,
        at: "",
      };
    default:
      return {
        state: "mind",
        text: "Nothing is sent before a rule of smart mode matches. To keep a visit anyhow, call in the page's console:",
        call: TRIGGER,
        at: "",
      };
  }
}

function consent({ privacy }: Settings): Check {
  return privacy.require_consent
    ? {
        state: "mind",
        text: "Nothing is recorded before the visitor's consent, for which the page calls:",
        call: "replaylake.consent(true)",
        at: "/privacy",
      }
    : { state: "good", text: "No consent is waited for." };
}
