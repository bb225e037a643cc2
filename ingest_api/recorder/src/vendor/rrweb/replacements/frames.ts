/** Record the frames of this origin. */

import { callbackWrapper, on, runHandler } from "rrweb";
import type { NodeIds } from "./node_ids.ts";
import type { StylesheetManager } from "./stylesheets.ts";
import type { Mutations, Report, SerializedNode, StopObserving } from "./types.ts";

interface Options {
  mirror: NodeIds;
  stylesheetManager: StylesheetManager;
  mutationCb: Report<Mutations>;
  observe: (doc: Document) => StopObserving;
  /** Called once a frame has left its document. */
  left: (doc: Document) => void;
}

export class FrameManager {
  #stops = new Map<Document, StopObserving>();
  #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Report the snapshot of a frame's document, and observe it until the frame leaves it. */
  attachIframe(frame: HTMLIFrameElement, doc: Document, node: SerializedNode | null): void {
    const { mirror, mutationCb, observe, stylesheetManager, left } = this.#options;
    const adds = [{ parentId: mirror.getId(frame), nextId: null, node }];
    mutationCb({ adds, removes: [], texts: [], attributes: [], isAttachIframe: true });
    if (!this.#stops.has(doc)) {
      const stops = [observe(doc)];
      const stop = (): void => {
        this.#stops.delete(doc);
        stops.forEach(runHandler);
      };
      this.#stops.set(doc, stop);
      const leave = ({ persisted }: PageTransitionEvent): void => {
        if (persisted) return;
        stop();
        left(doc);
      };
      stops.push(on("pagehide", callbackWrapper(leave), frame.contentWindow));
    }
    stylesheetManager.adoptStyleSheets(doc.adoptedStyleSheets, mirror.getId(doc));
  }

  destroy(): void {
    this.#stops.forEach(runHandler);
  }
}
