/** Whether this visitor may be recorded at all, and if not, why: decided before anything is kept. */

import { shareOf } from "../ids.ts";
import type { Config } from "../types.ts";

const LOCAL_HOST = /^(?:localhost|127\.[\d.]+|\[::1\])$/;

/** Return why nothing may start, whatever the website's settings are. */
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

/** Return why the website does not want this session. */
export function refusal(config: Config, sessionId: string): string | null {
  const { session_replay_trigger: mode, replay_sampling_rate: rate } = config.feature_flags;
  if (mode === "all" && shareOf(sessionId) >= rate) {
    return `not in the sample of ${rate * 100} % of sessions`;
  }
  return null;
}
