/** Decide whether this visitor may be recorded, and if not, why, before anything is stored. */

import { shareOf } from "../ids.ts";
import type { Config } from "../types.ts";

const LOCAL_HOST = /^(?:localhost|127\.[\d.]+|\[::1\])$/;

/** Return the reason not to start, whatever the website's settings are. */
export function objection(allowsBots: boolean): string | null {
  if ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl) {
    return "the visitor's browser asks for privacy (Global Privacy Control)";
  }
  // An automated browser on the developer's own machine is a test of the website.
  if (navigator.webdriver && !allowsBots && !LOCAL_HOST.test(location.hostname)) {
    return 'automated browsers are not recorded (data-bots="record" on the script tag allows them)';
  }
  if (!("MutationObserver" in window && "fetch" in window && "crypto" in window)) {
    return "this browser is too old";
  }
  return null;
}

/**
 * Return the reason why the website does not record this session.
 *
 * `isNew`: nothing is stored in this tab.
 */
export function refusal(config: Config, sessionId: string, isNew: boolean): string | null {
  const { session_replay_trigger: mode, replay_sampling_rate: rate } = config.feature_flags;
  if (mode !== "all" || rate >= 1) return null;
  // Of who is not in the sample nothing is stored, so that the next page would draw anew. Where
  // consent may have come late, the page before says nothing.
  const isLater =
    isNew &&
    !config.privacy.require_consent &&
    history.length > 1 &&
    document.referrer.startsWith(`${location.origin}/`);
  return isLater || shareOf(sessionId) >= rate
    ? `not in the sample of ${rate * 100} % of sessions`
    : null;
}
