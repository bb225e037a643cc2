/**
 * The nodes that one change adds, in an order in which each can be put in its place at once. Pure.
 *
 * Recorders send them in any order, and after a gap they name nodes that there are not. Whoever draws
 * (rrweb) tries those again and again for half a second, each time.
 */

export interface Addition {
  parentId: number;
  nextId: number | null;
  node: { id: number; type: number; rootId?: number };
}

const DOCUMENT = 0;
/** rrweb's name for a neighbour that will be told of later. */
const LATER = -1;

/**
 * Return the additions that have a parent, each after what it needs. What stands before a node that
 * there is not stands last in its parent. In time that grows with their number.
 *
 * Args:
 *   has: Whether the page has a node, before anything is added.
 */
export function placeable<One extends Addition>(
  adds: readonly One[],
  has: (id: number) => boolean,
): One[] {
  const ordered: One[] = [];
  const placed = new Set<number>();
  const isThere = (id: number) => placed.has(id) || has(id);
  /** By what they wait for. */
  const waiting = new Map<number, One[]>();
  const wait = (id: number, one: One) => {
    const others = waiting.get(id);
    if (others) others.push(one);
    else waiting.set(id, [one]);
  };
  const place = (first: One) => {
    const queue = [first];
    for (const one of queue) {
      const { parentId, nextId, node } = one;
      if (placed.has(node.id)) continue;
      if (!isThere(parentId)) wait(parentId, one);
      else if (nextId !== null && nextId !== LATER && !isThere(nextId)) wait(nextId, one);
      else if (node.rootId === undefined || isThere(node.rootId)) {
        ordered.push(one);
        placed.add(node.id);
        for (const other of waiting.get(node.id) ?? []) queue.push(other);
        waiting.delete(node.id);
      }
    }
  };
  for (const one of adds) {
    // A frame's document may come before its frame, and rrweb keeps it until then.
    if (one.node.type === DOCUMENT && !isThere(one.parentId)) ordered.push(one);
    else place(one);
  }
  for (const one of [...waiting.values()].flat()) {
    if (isThere(one.parentId)) place({ ...one, nextId: null });
  }
  return ordered;
}
