/** Builds what rrweb emits: trees of serialized nodes, mutations, inputs. */

import { Sanitizer } from "../../src/privacy/index.ts";
import type { RrwebEvent } from "../../src/types.ts";

// biome-ignore lint/suspicious/noExplicitAny: the shapes under test are rrweb's, and broken ones.
export type Any = any;

let lastId = 0;

export function el(tagName: string, attributes: Any = {}, childNodes: Any[] = [], extra: Any = {}) {
  return { type: 2, id: ++lastId, tagName, attributes, childNodes, ...extra };
}

export function tx(textContent: string) {
  return { type: 3, id: ++lastId, textContent };
}

export function snapshot(...childNodes: Any[]): RrwebEvent {
  const node = { type: 0, id: ++lastId, childNodes };
  return { type: 2, timestamp: 1, data: { node, initialOffset: { top: 0, left: 0 } } };
}

export function mutation(parts: Any): RrwebEvent {
  const data = { source: 0, texts: [], attributes: [], removes: [], adds: [], ...parts };
  return { type: 3, timestamp: 2, data };
}

export function input(id: number, text: string, isChecked = false): RrwebEvent {
  return { type: 3, timestamp: 3, data: { source: 5, id, text, isChecked } };
}

export function note(tag: string, payload: Any): RrwebEvent {
  return { type: 5, timestamp: 4, data: { tag: `replaylake.${tag}`, payload } };
}

export function sanitizer(privacy: Any = {}): Sanitizer {
  return new Sanitizer({
    mask_emails: true,
    mask_patterns: true,
    require_consent: false,
    ...privacy,
  });
}

/** Return the data of what leaves. */
export function sent(masks: Sanitizer, event: Any): Any {
  return masks.event(event)?.data ?? null;
}

/** Return the nodes under the document that leave of a fresh snapshot. */
export function kept(nodes: Any[], privacy: Any = {}): Any[] {
  return sent(sanitizer(privacy), snapshot(...nodes)).node.childNodes;
}

/** Return the attributes that leave of one element. */
export function attrs(tag: string, attributes: Any, extra: Any = {}, privacy: Any = {}): Any {
  return kept([el(tag, attributes, [], extra)], privacy)[0].attributes;
}

/** How a blank box is drawn: its recorded size is that of the whole box. */
export const BOX = "box-sizing:border-box!important";
