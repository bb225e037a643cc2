/**
 * Serialize nodes into rrweb's format, for the one set of options that this recorder has.
 *
 * The cost per node matters most: the first snapshot of a large page must not be noticed.
 */

import {
  callbackWrapper,
  genId,
  isShadowRoot,
  onceIframeLoaded,
  onceStylesheetLoaded,
  stringifyStylesheet,
  getValidTagName$1 as validTagName,
} from "rrweb";
import {
  accessors,
  elementShadowRoot,
  getAttribute,
  getAttributeNames,
  isBlocked,
} from "./accessors.ts";
import type { Context } from "./context.ts";
import { markCssSplits } from "./stylesheets.ts";
import { type AttributeValue, NODE, type NodeContent, type SerializedNode } from "./types.ts";
import { absolutifyURLs, transformAttribute } from "./urls.ts";

const LOAD_MS_MAX = 5_000;
const LEFT_OUT = -2;

/** Whether the replay does not need a node: the sanitizer would drop it. */
function isLeftOut(n: Node, tagName: string | false, isInHead: boolean): boolean {
  if (n.nodeType === 8) return true;
  if (n.nodeType === 3) return isInHead && !accessors.textContent(n)?.trim();
  if (tagName === "link") {
    const { rel, as } = n as HTMLLinkElement;
    return Boolean(rel) && as !== "style" && !/stylesheet/i.test(rel);
  }
  return /^(?:script|noscript|meta|base)$/.test(String(tagName));
}

/**
 * Serialize a node and all that is in it, and give each its id.
 *
 * With `isNew` the node alone: each of its children is a mutation of its own.
 *
 * @param isCssTaken whether the text of this style element is in its `_cssText`
 * @returns null for what the replay does not need
 */
export function serializeNodeWithId(
  n: Node,
  doc: Document,
  context: Context,
  isNew = false,
  isCssTaken = false,
  isInHead = false,
): SerializedNode | null {
  const { mirror } = context;
  const tagName = n.nodeType === 1 && validTagName(n as Element);
  let id = mirror.getId(n);
  if (id === -1) id = isLeftOut(n, tagName, isInHead) ? LEFT_OUT : genId();
  if (id === LEFT_OUT) {
    mirror.add(n, { id });
    return null;
  }
  const content = serializeNode(n, tagName, doc, context, isNew, isCssTaken);
  if (!content) return null;
  const sn = content as SerializedNode;
  sn.id = id;
  mirror.add(n, sn);
  const docId = mirror.getId(doc);
  if (docId > 1 && n !== doc) sn.rootId = docId;
  if (isNew && isShadowRoot(accessors.parentNode(n))) sn.isShadow = true;
  if (!sn.childNodes) return sn;

  const { needBlock, attributes, childNodes } = sn;
  delete sn.needBlock;
  const root = tagName && elementShadowRoot(n);
  if (root) {
    context.shadowDomManager.addShadowRoot(root, doc);
    sn.isShadowHost = true;
  }
  if (needBlock) return sn;
  if (!isNew) {
    const isHead = isInHead || tagName === "head";
    const isTaken = attributes?._cssText !== undefined;
    const add = (parent: Node, isShadow: boolean): void => {
      for (let one = accessors.firstChild(parent); one; one = accessors.nextSibling(one)) {
        const child = serializeNodeWithId(one, doc, context, false, isTaken, isHead);
        if (!child) continue;
        if (isShadow) child.isShadow = true;
        childNodes.push(child);
      }
    };
    if (tagName !== "textarea" || attributes?.value === undefined) add(n, false);
    if (root) add(root, true);
  }
  if (tagName === "iframe") attachOnceLoaded(n as HTMLIFrameElement, context);
  if (tagName === "link" && attributes?._cssText === undefined) {
    const loaded = callbackWrapper(() => {
      const loadedNode = serializeNodeWithId(n, doc, context);
      if (loadedNode) context.stylesheetManager.attachLinkElement(loadedNode);
    });
    onceStylesheetLoaded(n as HTMLLinkElement, loaded, LOAD_MS_MAX);
  }
  return sn;
}

/** Snapshot a frame's document, and observe it, once it has loaded. */
function attachOnceLoaded(frame: HTMLIFrameElement, context: Context): void {
  const loaded = callbackWrapper(() => {
    const doc = frame.contentDocument;
    if (!doc) return;
    context.iframeManager.attachIframe(frame, doc, serializeNodeWithId(doc, doc, context));
    context.shadowDomManager.observeAttachShadow(frame);
  });
  onceIframeLoaded(frame, loaded, LOAD_MS_MAX);
}

function serializeNode(
  n: Node,
  tagName: string | false,
  doc: Document,
  context: Context,
  isNew: boolean,
  isCssTaken: boolean,
): NodeContent | null {
  switch (n.nodeType) {
    case 1:
      return serializeElement(n as HTMLElement, String(tagName), doc, context, isNew);
    case 3:
      return { type: NODE.text, textContent: isCssTaken ? "" : textOf(n, doc) };
    case 4:
      return { type: NODE.cdata, textContent: "" };
    case 9: {
      const sn: NodeContent = { type: NODE.document, childNodes: [] };
      const { compatMode } = n as Document;
      if (compatMode !== "CSS1Compat") sn.compatMode = compatMode;
      return sn;
    }
    case 10: {
      const { name, publicId, systemId } = n as DocumentType;
      return { type: NODE.doctype, name, publicId, systemId };
    }
    default:
      return null;
  }
}

function textOf(n: Node, doc: Document): string | null {
  const text = accessors.textContent(n);
  if (accessors.parentNode(n)?.nodeName !== "STYLE") return text;
  return absolutifyURLs(text, doc.baseURI);
}

function serializeElement(
  n: HTMLElement,
  tagName: string,
  doc: Document,
  { blockSelector }: Context,
  isNew: boolean,
): NodeContent {
  const attributes: Record<string, AttributeValue> = {};
  const sn: NodeContent = { type: NODE.element, tagName, attributes, childNodes: [] };
  const { ownerSVGElement } = n as Element as SVGElement;
  if (tagName === "svg" || ownerSVGElement) sn.isSVG = true;
  if (tagName.includes("-") && customElements?.get(tagName)) sn.isCustom = true;
  if (isBlocked(n, null, blockSelector, false)) {
    const { width, height } = n.getBoundingClientRect();
    const name = getAttribute.call(n, "class");
    if (name !== null) attributes.class = name;
    attributes.rr_width = `${width}px`;
    attributes.rr_height = `${height}px`;
    sn.needBlock = true;
    return sn;
  }
  for (const name of getAttributeNames.call(n)) {
    attributes[name] = transformAttribute(doc, tagName, name, getAttribute.call(n, name));
  }
  addState(n, tagName, attributes);
  if (!isNew && !ownerSVGElement) {
    if (n.scrollLeft) attributes.rr_scrollLeft = n.scrollLeft;
    if (n.scrollTop) attributes.rr_scrollTop = n.scrollTop;
  }
  return sn;
}

/** Add to an element's attributes the state that is in none of them. */
function addState(
  n: HTMLElement,
  tagName: string,
  attributes: Record<string, AttributeValue>,
): void {
  switch (tagName) {
    case "link":
    case "style": {
      const { sheet } = n as HTMLStyleElement;
      const css = sheet && stringifyStylesheet(sheet);
      if (!css) break;
      if (tagName === "style") attributes._cssText = markCssSplits(css, n as HTMLStyleElement);
      else {
        delete attributes.rel;
        delete attributes.href;
        attributes._cssText = css;
      }
      break;
    }
    case "input":
    case "textarea":
    case "select": {
      const { type, value, checked } = n as HTMLInputElement;
      if (!/^(?:radio|checkbox|submit|button)$/.test(type) && value) attributes.value = value;
      else if (checked) attributes.checked = true;
      break;
    }
    case "option":
      if ((n as HTMLOptionElement).selected) attributes.selected = true;
      else delete attributes.selected;
      break;
    case "dialog":
      if ((n as HTMLDialogElement).open) {
        attributes.rr_open_mode = n.matches("dialog:modal") ? "modal" : "non-modal";
      }
      break;
    case "iframe":
      if (!(n as HTMLIFrameElement).contentDocument && attributes.src !== undefined) {
        attributes.rr_src = attributes.src;
      }
      delete attributes.src;
  }
}
