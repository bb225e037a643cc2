/**
 * Make nodes and attributes of recorded pages harmless: remove what runs, loads, navigates or breaks
 * the replayer. The rest of the page stays as it was.
 */

import { safeCss, safeSheet } from "./defuse_css.ts";

/** Depth limit of browsers' own parsers; a deeper tree stops layout. */
export const DEPTH_MAX = 512;
const TEXT_LENGTH_MAX = 2_000_000;
const DATA_URL_LENGTH_MAX = 20_000_000;
const ID_MAX = 2 ** 31;
/** Per event: more than real pages have, and than a browser lays out quickly. */
const NODES_MAX = 300_000;

export type Json = Record<string, unknown>;

/** Set on masked texts and on pictures of other hosts, for `SHOWN_RULES`. */
export const MASKED = "data-replaylake-masked";
export const REMOTE = "data-replaylake-remote";
const MASK_LENGTH_MAX = 10_000;

/** Style of masked texts and remote pictures in the replay. */
export const SHOWN_RULES = [
  `[${MASKED}="text"] { background: repeating-linear-gradient(135deg, #8886 0 3px, #8882 3px 6px) !important; border-radius: 2px }`,
  `[${MASKED}="block"] { background: repeating-linear-gradient(135deg, #9a9a9a 0 6px, #b4b4b4 6px 12px) !important; outline: 1px dashed #666 !important; outline-offset: -1px }`,
  `[${REMOTE}] { background: repeating-linear-gradient(45deg, #8883 0 4px, transparent 4px 8px) !important; outline: 1px dashed #8888; outline-offset: -1px }`,
];

const NAME = /^[a-z][\w:.-]*$/i;
const ATTRIBUTE = /^[^\s"'<>/=\p{Cc}]{1,200}$/u;
const CUSTOM_NAME = /^[a-z][a-z0-9_.]*-[a-z0-9_.-]*$/;
const RESERVED_NAMES = /^(?:annotation-xml|color-profile|font-face.*|missing-glyph)$/;
/** Tags that act by their presence; a plain box replaces them. */
const ACTING = new Set("base object embed applet portal frame frameset fencedframe".split(" "));
/** Tags whose text is not shown either. */
const SILENT = new Set(["script", "noscript"]);
const MEDIA = new Set(["video", "audio", "source", "track"]);
const PICTURES = new Set(["img", "image", "input"]);
const ANIMATIONS = new Set(["animate", "set", "animatetransform", "animatemotion"]);
const UNSAFE_ANIMATION = /href|src|style|^on/i;
const DROPPED = new Set(
  `srcdoc sandbox allow is action formaction ping manifest codebase classid archive http-equiv
  autofocus autoplay background longdesc cite profile lowsrc dynsrc imagesrcset attributionsrc
  rr_src rr_mediastate rr_mediacurrenttime rr_mediaplaybackrate rr_mediamuted rr_medialoop
  rr_mediavolume constructor __proto__`.split(/\s+/),
);
/** Attributes that a browser reads as it reads style sheets. */
const STYLED = new Set(
  `style fill stroke filter mask clip-path cursor marker marker-start marker-mid marker-end values to
  from by`.split(/\s+/),
);
/** Names that would hide a property of the document or of a form. */
const NAMED = new Set("img form input button select textarea fieldset output".split(" "));
const TAKEN = new Set(
  `addEventListener adoptedStyleSheets appendChild attachShadow attributes body childNodes classList
  close cloneNode contains createComment createElement createElementNS createRange createTextNode
  defaultView dispatchEvent doctype documentElement elements firstChild getAttribute
  getElementById getElementsByTagName getRootNode getSelection head implementation insertBefore
  isConnected lastChild nextSibling nodeName nodeType open ownerDocument parentElement parentNode
  previousSibling querySelector querySelectorAll removeAttribute removeChild removeEventListener
  replaceChild scrollingElement setAttribute setAttributeNS shadowRoot styleSheets tagName
  textContent write`.split(/\s+/),
);
/** Values of `KnownNodes.tags` for texts: of a style sheet, and of anything else. */
const SHEET = "#sheet";
const TEXT = "#text";
/** And for an element with contradicting tags: it gets the strictest rules. */
export const UNSURE = "iframe";

const URLS = new Set(["src", "srcset", "href", "xlink:href", "poster", "data", "rr_dataurl"]);
const SAFE_URL = /^\s*(?:data:(?:image|font)\/|#)/i;
/** A single picture: with several, a browser may choose another. */
const SAFE_SET = /^\s*data:image\/\S+(?:\s+[\d.]+[wx])?\s*$/i;

/** Return a number that the replayer can take as a node's id, or null. */
export function idOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && Math.abs(value as number) < ID_MAX
    ? (value as number)
    : null;
}

/** Return an object of JSON, or null. */
export function objectOf(value: unknown): Json | null {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Json)
    : null;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, TEXT_LENGTH_MAX) : "";
}

/** Whether a recorder masked this text: ours as a whole, others character by character. */
export function isMask(text: unknown): boolean {
  return (
    typeof text === "string" &&
    text.length <= MASK_LENGTH_MAX &&
    text.includes("**") &&
    /^[*\s]+$/.test(text)
  );
}

/** The nodes of one page, as far as later changes depend on them. */
export interface KnownNodes {
  /** By id, how deep a node lies. */
  depths: Map<number, number>;
  /** By id, the element's tag in small letters, or whether a text is a sheet's. */
  tags: Map<number, string>;
}

/** Remember a node. The strictest rules apply for good: an event may name a node that is not there. */
export function learn({ tags }: KnownNodes, id: number, tag: string): void {
  const before = tags.get(id);
  const isOther = before !== undefined && before !== tag;
  if (!isOther) tags.set(id, tag);
  else if (before.startsWith("#") && tag.startsWith("#")) tags.set(id, SHEET);
  else tags.set(id, UNSURE);
}

/** Return a harmless text for its node. An unknown node may be a style sheet's. */
export function safeText(value: unknown, tag: string | undefined): string {
  return tag === undefined || tag === "style" || tag === SHEET || tag === UNSURE
    ? safeCss(textOf(value))
    : textOf(value);
}

/**
 * Return a harmless node with its children, or null to drop it.
 *
 * Args:
 *   depth: Its depth in the page.
 *   seen: The ids of this event's nodes so far.
 *   parent: The tag of its parent, undefined if unknown.
 */
export function safeNode(
  raw: unknown,
  depth: number,
  known: KnownNodes,
  seen: Set<number>,
  parent: string | undefined,
): Json | null {
  const node = objectOf(raw);
  const id = idOf(node?.id);
  if (!node || id === null || depth > DEPTH_MAX || seen.has(id)) return null;
  if (seen.size >= NODES_MAX) return null;
  seen.add(id);
  known.depths.set(id, depth);
  const rootId = idOf(node.rootId);
  const result: Json = { id, type: node.type };
  if (rootId !== null) result.rootId = rootId;
  if (node.isShadow === true) result.isShadow = true;
  switch (node.type) {
    case 0:
      result.childNodes = children(node, depth, known, seen, "");
      if (node.compatMode === "BackCompat" && (result.childNodes as Json[]).length) {
        result.compatMode = "BackCompat";
      }
      return result;
    case 1:
      result.name = typeof node.name === "string" && NAME.test(node.name) ? node.name : "html";
      result.publicId = textOf(node.publicId).replace(/[^\w\s./:-]/g, "");
      result.systemId = textOf(node.systemId).replace(/[^\w\s./:-]/g, "");
      return result;
    case 2:
      return element(node, result, depth, known, seen);
    case 3: {
      const isSheet = node.isStyle === true || parent === undefined || parent === "style";
      learn(known, id, isSheet ? SHEET : TEXT);
      result.textContent = safeText(node.textContent, known.tags.get(id));
      if (node.isStyle === true) result.isStyle = true;
      return result;
    }
    case 4: // CDATA, which HTML documents have none of
      return { ...result, type: 3, textContent: textOf(node.textContent) };
    case 5:
      result.textContent = "";
      return result;
    default:
      return null;
  }
}

function element(
  node: Json,
  result: Json,
  depth: number,
  known: KnownNodes,
  seen: Set<number>,
): Json {
  const tag = safeTag(node.tagName, node.isSVG === true);
  learn(known, result.id as number, tag.toLowerCase());
  const isSilent = SILENT.has(tag.toLowerCase());
  result.tagName = tag;
  result.attributes = isSilent
    ? {}
    : safeAttributes(tag.toLowerCase(), objectOf(node.attributes) ?? {});
  result.childNodes = isSilent ? [] : children(node, depth, known, seen, tag.toLowerCase());
  if (node.isSVG === true) result.isSVG = true;
  if (node.isShadowHost === true && canHostShadow(tag)) result.isShadowHost = true;
  if (node.isCustom === true && CUSTOM_NAME.test(tag) && !RESERVED_NAMES.test(tag))
    result.isCustom = true;
  const attributes = result.attributes as Json;
  if ("rr_width" in attributes && "rr_height" in attributes) attributes[MASKED] = "block";
  else if (
    (result.childNodes as Json[]).some((child) => child.type === 3 && isMask(child.textContent))
  ) {
    attributes[MASKED] = "text";
  } else if (isMask(attributes.value)) attributes[MASKED] = "text";
  return result;
}

function children(
  node: Json,
  depth: number,
  known: KnownNodes,
  seen: Set<number>,
  tag: string,
): Json[] {
  const result: Json[] = [];
  for (const child of listOf(node.childNodes)) {
    const safe = safeNode(child, depth + 1, known, seen, tag);
    if (safe) result.push(safe);
  }
  return result;
}

/** Return a tag that can be created and does nothing by itself. */
export function safeTag(raw: unknown, isSvg = false): string {
  // rrweb looks tags up in an object, which has a `constructor`.
  if (typeof raw !== "string" || raw.length > 100 || !NAME.test(raw) || raw in Object.prototype) {
    return "div";
  }
  const name = isSvg ? raw.replace(/^.*:/, "") : raw; // `svg:script` is a script in a drawing
  const tag = name.toLowerCase();
  if (tag === "script") return "noscript";
  return ACTING.has(tag) || !NAME.test(name) ? "div" : name;
}

/** Elements to which a browser attaches a shadow root. */
function canHostShadow(tag: string): boolean {
  return (
    CUSTOM_NAME.test(tag) ||
    /^(?:article|aside|blockquote|body|div|footer|h[1-6]|header|main|nav|p|section|span)$/i.test(
      tag,
    )
  );
}

/** Return the attributes that only describe how an element looks. */
export function safeAttributes(tag: string, raw: Json): Json {
  const result: Json = {};
  for (const name of Object.keys(raw)) {
    const value = safeAttribute(tag, name, raw[name]);
    if (value !== undefined) result[name] = value;
    else if (PICTURES.has(tag) && isRemote(name, raw[name])) result[REMOTE] = "";
  }
  if (ANIMATIONS.has(tag) && UNSAFE_ANIMATION.test(String(raw.attributeName ?? ""))) return {};
  return result;
}

/** Return the harmless value of an attribute, undefined to drop it. */
export function safeAttribute(tag: string, name: string, value: unknown): unknown {
  const lower = name.toLowerCase();
  if (!ATTRIBUTE.test(name) || lower.startsWith("on") || DROPPED.has(lower)) return undefined;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string") return lower === "style" ? safeStyle(value) : undefined;
  if (lower === "attributename" && ANIMATIONS.has(tag) && UNSAFE_ANIMATION.test(value)) return;
  if ((lower === "name" || lower === "id") && NAMED.has(tag) && TAKEN.has(value)) return;
  if (lower === "srcset") return SAFE_SET.test(value) && PICTURES.has(tag) ? value : undefined;
  if (URLS.has(lower)) {
    // A link keeps the looks of a link and leads nowhere.
    if (lower === "href" && (tag === "a" || tag === "area")) return "#";
    const isShown = SAFE_URL.test(value) && value.length <= DATA_URL_LENGTH_MAX;
    return isShown && !MEDIA.has(tag) && tag !== "iframe" && tag !== "link" ? value : undefined;
  }
  const text = value.slice(0, TEXT_LENGTH_MAX);
  if (lower === "_csstext") return safeSheet(text);
  return STYLED.has(lower) || /url\(/i.test(text) ? safeCss(text) : text;
}

/** A style's changes: by property a value, a value and its priority, or false. */
function safeStyle(raw: unknown): Json | undefined {
  const style = objectOf(raw);
  if (!style) return undefined;
  const result: Json = {};
  for (const name of Object.keys(style)) {
    const value = style[name];
    if (!ATTRIBUTE.test(name) || name === "__proto__") continue;
    if (value === false) result[name] = false;
    else if (typeof value === "string") result[name] = safeCss(value);
    else if (Array.isArray(value) && typeof value[0] === "string") {
      result[name] = [safeCss(value[0]), value[1] === "important" ? "important" : ""];
    }
  }
  return result;
}

function isRemote(name: string, value: unknown): boolean {
  return (
    ["src", "href", "xlink:href", "rr_dataurl"].includes(name.toLowerCase()) &&
    typeof value === "string" &&
    value.trim() !== ""
  );
}
