/** Start all signals of one recording, and stop them together. */

import { guard } from "../guard.ts";
import type { Recording, Stop } from "../types.ts";
import { onPress } from "./click_outcomes.ts";
import { clicks } from "./clicks.ts";
import { onError } from "./errors.ts";
import { onForm } from "./forms.ts";
import { all } from "./listen.ts";
import { onNavigation } from "./navigation.ts";
import type * as Network from "./network.ts";
import { rage } from "./rage.ts";
import { onOwnScroll } from "./scrolls.ts";

export { isReturn, notePage } from "./navigation.ts";

export interface SignalOptions {
  /** Notes failed and slow requests, which wraps `fetch` and `XMLHttpRequest`. */
  network: typeof Network | undefined;
  /** URL prefix of the recorder's own requests. */
  ingest: string;
  /** Errors from before the recorder had loaded. */
  early?: readonly Event[];
}

export function listenAll(recording: Recording, options: SignalOptions): Stop {
  const stops: Stop[] = [];
  const start = (signal: () => Stop) => guard(() => void stops.push(signal()))();
  start(() => onError(recording, options.early));
  start(() => onNavigation(recording));
  start(() => onForm(recording, options.ingest));
  start(() => onPress(recording, clicks, rage));
  start(() => onOwnScroll(recording));
  const { network, ingest } = options;
  if (network) start(() => network.onFailedRequest(recording, ingest));
  return all(stops);
}
