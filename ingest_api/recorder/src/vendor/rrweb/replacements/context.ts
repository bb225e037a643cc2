/** What one recording shares between its snapshots, observers and frames. */

import type { ProcessedNodeManager, ShadowDomManager } from "rrweb";
import type { FrameManager } from "./frames.ts";
import type { NodeIds } from "./node_ids.ts";
import type { StylesheetManager } from "./stylesheets.ts";
import type { Mutations, Report, Sampling } from "./types.ts";

export interface Context {
  mirror: NodeIds;
  blockSelector: string;
  sampling: Sampling;
  /** Options that rrweb reads and this recorder does not set. */
  ignoreClass: string;
  slimDOMOptions: { headTitleMutations: boolean };
  keepIframeSrcFn: () => boolean;
  processedNodeManager: ProcessedNodeManager;
  stylesheetManager: StylesheetManager;
  iframeManager: FrameManager;
  shadowDomManager: ShadowDomManager;
}

/** A document that is observed, and where its changes are reported. */
export interface Observation extends Context {
  doc: Document;
  mutationCb: Report<Mutations>;
  scrollCb: Report;
  mousemoveCb: (positions: object[], source: number) => void;
  mouseInteractionCb: Report;
  viewportResizeCb: Report;
  inputCb: Report;
  styleSheetRuleCb: Report;
  styleDeclarationCb: Report;
  customElementCb: Report;
}
