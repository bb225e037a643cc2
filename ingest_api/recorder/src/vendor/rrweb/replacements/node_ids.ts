/** Ids of nodes. Holds nothing else of a node, and keeps no node alive. */

import { accessors } from "./accessors.ts";
import type { NodeId } from "./types.ts";

export class NodeIds {
  #ids = new Set<NodeId>();
  #byNode = new WeakMap<Node, NodeId>();

  getId(node: Node | null): NodeId {
    return this.#byNode.get(node as Node) ?? -1;
  }

  has(id: NodeId): boolean {
    return this.#ids.has(id);
  }

  hasNode(node: Node): boolean {
    return this.#byNode.has(node);
  }

  add(node: Node, { id }: { id: NodeId }): void {
    this.#ids.add(id);
    this.#byNode.set(node, id);
  }

  /** Forget the ids of a node and of all nodes in it. The nodes still have theirs. */
  removeNodeFromMap(node: Node): void {
    this.#ids.delete(this.getId(node));
    for (const child of accessors.childNodes(node)) this.removeNodeFromMap(child);
    const root = accessors.shadowRoot(node);
    if (root) this.removeNodeFromMap(root);
  }

  reset(): void {
    this.#ids = new Set();
    this.#byNode = new WeakMap();
  }
}
