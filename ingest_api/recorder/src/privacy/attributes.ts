/** Allow list of attributes, and how their values are masked. Unknown names are dropped. */

import { isState, isStateAt } from "./levels.ts";
import type { Mask } from "./urls.ts";
import { maskSrcset } from "./urls.ts";

/** The element, as far as masking its attributes depends on it. */
export interface Element {
  tag: string;
  isSvg: boolean;
  isPrivate: boolean;
}

/** The masks for the kinds of values. */
export interface Masks {
  text: Mask;
  /** Masks what draws the page. */
  pattern: Mask;
  isOwnWord(value: string): boolean;
  url(text: string, keepsId?: boolean): string | null;
  css(text: string, isPrivate: boolean): string;
  /** Masks a text that a person reads, as the element's level asks for. */
  shown(text: string): string;
  level: number;
}

type Value = string | number | boolean | null;

const PLAIN = 1;
const TEXT = 2;
const URL = 3;
const SHAPE = 4; // recorded in private elements, too

const OWN = 5; // what it means depends on the element

const KINDS = new Map<string, number>();
const kinds = (kind: number, names: string) => {
  for (const name of names.split(" ")) KINDS.set(name, kind);
};
kinds(
  SHAPE,
  "type width height colspan rowspan span rows cols size hidden disabled open dir role multiple align valign nowrap wrap border cellpadding cellspacing rr_width rr_height rr_scrollLeft rr_scrollTop rr_open_mode",
);
kinds(
  PLAIN,
  "class id name for form list lang slot part exportparts is tabindex contenteditable draggable popover popovertarget inert readonly required checked min max step minlength maxlength autocomplete start reversed scope bgcolor color face clear compact noshade hspace vspace shape coords usemap media sizes rel as target low high optimum frameborder marginwidth marginheight scrolling xmlns xml:space display data-private data-public",
);
kinds(
  TEXT,
  "title alt placeholder label summary abbr datetime aria-label aria-description aria-roledescription aria-placeholder data-label data-title data-text data-content data-tooltip data-header data-th",
);
kinds(OWN, "value checked selected style _cssText");
kinds(URL, "href src action formaction poster background cite longdesc xlink:href rr_src");

const TOKEN = /^[\w.:-]{0,64}$/;
const SHAPED = /^[\w%. *-]{0,32}$/;
const SVG_NAME = /^(?!on|aria-value)[a-z][\w-]*$/i;
const SVG_SHAPE =
  /^(?:d|points|path|viewBox|values|key\w+|\w*[tT]ransform|stroke-dasharray|[a-z]{0,2}[xyr]\d?)$/;
const SVG_SHAPED = /^[\s\w.,;()+%#-]*$/;
const SVG_VALUE_MAX = 256; // the longest of those that are no shape are lists of fonts

/** Whether the meaning of an attribute depends on the element: the caller decides. */
export function isOwn(name: string): boolean {
  return KINDS.get(name) === OWN;
}

/** Return the masked value of an attribute, undefined to drop it. */
export function maskAttribute(
  element: Element,
  name: string,
  value: unknown,
  masks: Masks,
): Value | undefined {
  const kind = KINDS.get(name);
  if (value !== null && value !== true && typeof value !== "string" && typeof value !== "number") {
    return undefined;
  }
  const isBare = typeof value !== "string" || value === "";
  if (element.isPrivate) {
    if (name === "class") return isBare ? value : masks.text(value, false);
    return kind === SHAPE && (isBare || SHAPED.test(value)) ? value : undefined;
  }
  if (kind === SHAPE || kind === PLAIN) return isBare ? value : masks.text(value, false);
  if (kind === TEXT) return isBare ? value : masks.shown(value);
  if (kind === URL) {
    if (isBare) return value;
    return masks.url(value, element.isSvg && element.tag !== "a") ?? undefined;
  }
  if (name === "srcset" || name === "imagesrcset")
    return isBare ? value : maskSrcset(value, masks.pattern);
  if (name.startsWith("aria-") && !name.startsWith("aria-value")) {
    return isBare ? value : masks.text(value, false);
  }
  if (name.startsWith("data-")) return isBare || isToken(value, masks) ? value : "***";
  if (element.isSvg && SVG_NAME.test(name)) {
    if (isBare) return value;
    if (SVG_SHAPE.test(name)) return SVG_SHAPED.test(value) ? value : undefined;
    if (value.length > SVG_VALUE_MAX) return undefined;
    return value.includes("url(") ? masks.css(value, false) : masks.pattern(value);
  }
  if (element.tag.includes("-") && SVG_NAME.test(name)) {
    return isBare || isToken(value, masks) ? value : undefined;
  }
  return undefined;
}

function isToken(value: string, masks: Masks): boolean {
  if (!TOKEN.test(value) || masks.pattern(value) !== value) return false;
  return isStateAt(value, masks.level) && (isState(value) || masks.isOwnWord(value));
}
