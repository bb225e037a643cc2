/** Which sessions are worth watching, and why: one for each reason, as far as there are. Pure. */

import type { Session } from "../api/types.ts";
import { clock, counted, place, signalName } from "../shell/format.ts";

export interface Reason {
  /** What the list is asked for. */
  question: Record<string, string>;
  /** Why this one. */
  tell: (session: Session) => string;
  /** What happened at the moment that is shown: an error, or the first signal of this kind. */
  shows: "error" | "signal";
  kind?: string;
}

export const REASONS: Reason[] = [
  {
    question: { hasErrors: "true", sort: "frustration" },
    tell: ({ errorCount, frustrationScore, signals }) =>
      `${counted(errorCount, "error")}${frustrationScore ? `, and frustration of ${frustrationScore} of 100` : ""}${worstOf(signals)}`,
    shows: "error",
  },
  {
    question: { signal: "form_frustration", sort: "frustration" },
    tell: ({ exitUrl, initialUrl }) =>
      `A form was refused again and again; they left at ${place(exitUrl ?? initialUrl)}`,
    shows: "signal",
    kind: "form_frustration",
  },
  {
    question: { hasErrors: "true", sort: "duration" },
    tell: ({ errorCount, duration, pageViews }) =>
      `Stayed for ${clock(duration)} and ${counted(pageViews, "page")} in spite of ${counted(errorCount, "error")}`,
    shows: "error",
  },
  {
    question: { hasFrustration: "true", sort: "frustration" },
    tell: ({ frustrationScore, signals }) =>
      `Frustration of ${frustrationScore ?? 0} of 100${worstOf(signals)}`,
    shows: "signal",
  },
];
export const WORTH_MAX = 3;

export interface Worth {
  session: Session;
  reason: Reason;
}

/** Choose from what the list answered to each reason, in their order; nobody twice. */
export function worthOf(answers: readonly (readonly Session[])[]): Worth[] {
  const found: Worth[] = [];
  REASONS.forEach((reason, number) => {
    const session = answers[number]?.find(
      ({ sessionId }) => !found.some((one) => one.session.sessionId === sessionId),
    );
    if (session && found.length < WORTH_MAX) found.push({ session, reason });
  });
  return found;
}

/** What is known of when something happened in a session. */
export interface Moments {
  errorEvents: { atMs: number; message: string }[];
  signalEvents: { kind: string; atMs: number }[];
}

/** Return the moment that shows the reason, ms; 0 where it is not known. */
export function momentOf({ shows, kind }: Reason, { errorEvents, signalEvents }: Moments): number {
  if (shows === "error") return errorEvents[0]?.atMs ?? 0;
  return (signalEvents.find((one) => !kind || one.kind === kind) ?? signalEvents[0])?.atMs ?? 0;
}

function worstOf(signals: Session["signals"]): string {
  const [worst] = Object.entries(signals).sort(([, one], [, other]) => other - one);
  return worst && worst[1] > 0 ? ` (${signalName(worst[0])})` : "";
}
