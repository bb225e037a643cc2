/**
 * Order the nodes that a mutation adds, so that each can be placed at once. Pure.
 *
 * Recorders send them in any order, and after a gap they name nodes that do not exist. rrweb retries
 * those for half a second, each time.
 */

export interface Addition {
  parentId: number;
  nextId: number | null;
  node: { id: number; type: number; rootId?: number };
}

const DOCUMENT = 0;
/** rrweb's id of a sibling that is added later. */
const LATER = -1;

/**
 * Return the additions that have a parent, each after the nodes that it needs. A node whose next
 * sibling does not exist becomes the last child. Linear in their number.
 *
 * Args:
 *   has: Whether the page has a node before the mutation.
 */
export function placeable<Added extends Addition>(
  adds: readonly Added[],
  has: (id: number) => boolean,
): Added[] {
  const ordered: Added[] = [];
  const placed = new Set<number>();
  const isThere = (id: number) => placed.has(id) || has(id);
  /** By the id that they wait for. */
  const waiting = new Map<number, Added[]>();
  const wait = (id: number, addition: Added) => {
    const others = waiting.get(id);
    if (others) others.push(addition);
    else waiting.set(id, [addition]);
  };
  const place = (first: Added) => {
    const queue = [first];
    for (const addition of queue) {
      const { parentId, nextId, node } = addition;
      if (placed.has(node.id)) continue;
      if (!isThere(parentId)) wait(parentId, addition);
      else if (nextId !== null && nextId !== LATER && !isThere(nextId)) wait(nextId, addition);
      else if (node.rootId === undefined || isThere(node.rootId)) {
        ordered.push(addition);
        placed.add(node.id);
        for (const other of waiting.get(node.id) ?? []) queue.push(other);
        waiting.delete(node.id);
      }
    }
  };
  for (const addition of adds) {
    // A frame's document may come before its frame, and rrweb keeps it until then.
    if (addition.node.type === DOCUMENT && !isThere(addition.parentId)) ordered.push(addition);
    else place(addition);
  }
  for (const addition of [...waiting.values()].flat()) {
    if (isThere(addition.parentId)) place({ ...addition, nextId: null });
  }
  return ordered;
}
