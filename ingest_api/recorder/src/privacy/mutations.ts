/**
 * Sanitize DOM mutations. Nodes are read before texts and attributes, so that what becomes private
 * in the same mutation is masked already.
 */

import {
  DROPPED,
  isObject,
  type Json,
  MASK,
  MASKED,
  type NodeState,
  type Nodes,
  PRIVATE,
  text,
} from "./nodes.ts";

/** Return the sanitized data of a mutation event, null to drop it. */
export function maskMutation(data: Json, nodes: Nodes): Json | null {
  const changes = list(data.attributes);
  for (const { id, attributes } of changes) {
    const state = nodes.state(id);
    if (state && isObject(attributes)) nodes.learn(state, attributes as Json);
  }
  const removes = maskRemoves(list(data.removes), nodes);
  const adds = maskAdds(list(data.adds), nodes);
  const texts = maskTexts(list(data.texts), nodes);
  const attributes = maskChanges(changes, nodes);
  nodes.sweep();
  if (!texts.length && !attributes.length && !removes.length && !adds.length) return null;
  const out: Json = { source: 0, texts, attributes, removes, adds };
  if (data.isAttachIframe === true) out.isAttachIframe = true;
  return out;
}

function maskRemoves(removes: Json[], nodes: Nodes): Json[] {
  const safe: Json[] = [];
  for (const { id, parentId, isShadow } of removes) {
    const state = nodes.state(id);
    if (!state || !Number.isInteger(parentId) || isGone(nodes, state.parent)) continue;
    nodes.remove(state);
    safe.push(isShadow === true ? { parentId, id, isShadow } : { parentId, id });
  }
  return safe;
}

function maskAdds(adds: Json[], nodes: Nodes): Json[] {
  const safe: (Json | undefined)[] = [];
  // A parent may come after its child.
  let waiting = adds.map((add, place) => ({ add, place }));
  for (let count = -1; waiting.length && waiting.length !== count; ) {
    count = waiting.length;
    waiting = waiting.filter(({ add, place }) => {
      const parent = nodes.state(add.parentId);
      if (!parent) return true;
      if (isGone(nodes, parent)) {
        const moved = isObject(add.node) && nodes.state((add.node as Json).id);
        if (moved) moved.flags |= DROPPED;
        return false;
      }
      const node = nodes.add(add.node, parent);
      if (node) safe[place] = { parentId: add.parentId, nextId: integer(add.nextId), node };
      return false;
    });
  }
  return safe.filter((add) => add !== undefined);
}

function maskTexts(texts: Json[], nodes: Nodes): Json[] {
  const safe: Json[] = [];
  for (const { id, value } of texts) {
    const state = nodes.state(id);
    if (!state || isGone(nodes, state)) continue;
    const wasMasked = state.flags & MASKED;
    const masked = nodes.nodeText(state, nodes.flags(state), text(value));
    // Repeating the same mask would reveal a key stroke.
    if (masked !== MASK || !wasMasked) safe.push({ id, value: masked });
  }
  return safe;
}

function maskChanges(changes: Json[], nodes: Nodes): Json[] {
  const safe: Json[] = [];
  for (const { id, attributes: raw } of changes) {
    const state = nodes.state(id);
    if (!state || isGone(nodes, state) || !isObject(raw)) continue;
    const attributes = nodes.attributes(state, nodes.flags(state), raw as Json);
    for (const _ in attributes) {
      safe.push({ id, attributes });
      break;
    }
  }
  return safe;
}

function isGone(nodes: Nodes, state: NodeState | null): boolean {
  return !!state && !!(nodes.flags(state) & DROPPED);
}

/** Whether a node or what it stands in is private; unknown ones are. */
export function isPrivate(nodes: Nodes, id: unknown): boolean {
  const state = nodes.state(id);
  return !state || !!(nodes.flags(state) & (PRIVATE | DROPPED));
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value.filter(isObject) as Json[]) : [];
}

function integer(value: unknown): number | null {
  return Number.isInteger(value) ? (value as number) : null;
}
