/** Shapes that rrweb's recorder and our replacements share. */

/** Number of a node in rrweb's events: positive, -1 where it has none, -2 where it is left out. */
export type NodeId = number;

/** rrweb's number of a node's type in a snapshot, not the DOM's. */
export const NODE = { document: 0, doctype: 1, element: 2, text: 3, cdata: 4 } as const;

export type AttributeValue = string | number | boolean | null;

/** A node as rrweb's events describe it. The keys that are there depend on its type. */
export interface SerializedNode {
  type: number;
  id: NodeId;
  rootId?: NodeId;
  isShadow?: true;
  isShadowHost?: true;
  isSVG?: true;
  isCustom?: true;
  needBlock?: true;
  tagName?: string;
  attributes?: Record<string, AttributeValue>;
  childNodes?: SerializedNode[];
  textContent?: string | null;
  compatMode?: string;
  name?: string;
  publicId?: string;
  systemId?: string;
}

/** A node before it has its id. */
export type NodeContent = Omit<SerializedNode, "id">;

export interface Mutations {
  adds: { parentId: NodeId; nextId: NodeId | null; node: SerializedNode | null }[];
  removes: unknown[];
  texts: unknown[];
  attributes: { id: NodeId; attributes: Record<string, AttributeValue> }[];
  isAttachIframe?: true;
}

/** How often positions are reported, in ms. */
export interface Sampling {
  mousemove?: number;
  mousemoveCallback?: number;
  scroll?: number;
}

/** Reports one incremental event of a kind. */
export type Report<T = object> = (data: T) => void;

export type StopObserving = () => void;

/** A rule's change, or a sheet's, with the sheet's id. */
export interface SheetChange {
  id?: NodeId | undefined;
  styleId?: NodeId | undefined;
}
