/**
 * Parts of the recorder that few pages need, each a script of its own, named by its content.
 *
 * They stand beside the recorder's script: `build.mjs` names them, `GET /r/NAME.js` serves them.
 */

import type * as Network from "./signals/network.ts";
import type * as Triggers from "./triggers/index.ts";
import type { Config } from "./types.ts";
import type * as Gzip from "./upload/sync_gzip.ts";

/** Names of the scripts; see build.mjs. */
declare const PARTS: { triggers: string; network: string; gzip: string };

export interface Parts {
  triggers?: typeof Triggers;
  network?: typeof Network;
}

const load = (name: string) => import(new URL(`${name}.js`, import.meta.url).href);

/** Load what a website's settings need before its pages are recorded. */
export async function loadParts(config: Config): Promise<Parts> {
  const isTriggered = config.feature_flags.session_replay_trigger !== "all";
  const [triggers, network] = await Promise.all([
    isTriggered ? load(PARTS.triggers) : undefined,
    config.network_panel ? load(PARTS.network) : undefined,
  ]);
  return { triggers, network };
}

/** Load what is needed once the page is left. */
export function loadGzip(): Promise<typeof Gzip> {
  return load(PARTS.gzip);
}
