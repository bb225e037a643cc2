/**
 * Sanitize the recorder's own events: the keys that each tag may carry, and their kinds.
 *
 * Any other key is dropped.
 */

import { refusedId } from "./identity.ts";
import { maskMessage } from "./messages.ts";
import { isPrivate } from "./mutations.ts";
import { EDITABLE, FIELD, type Json, type Nodes, text } from "./nodes.ts";

const TEXT_READ_MAX = 50_000; // masked before it is cut, so that no half of a secret is left

/**
 * By tag, the keys and the kind of each: u a URL, p a path of elements, w a word, i an id, a number
 * text of at most that many characters, empty a number or a boolean.
 */
const NOTES = new Map<string, [string, string?][]>(
  [
    "page url:u title:300 width height back",
    "identify id:i",
    "trigger kind:w detail:300",
    "error message:1000 stack:8000 source:w file:u line column",
    "click id x y at_ms interactive reacted target:p text:80",
    "rage_click id x y at_ms count target:p",
    "own_scroll id",
    "form id form:p step:w status fields",
    "network method:w path:u status duration_ms",
    "vital name:w value",
    "gap reason:w",
  ].map((line) => {
    const [tag, ...keys] = line.split(" ");
    return [`replaylake.${tag}`, keys.map((key) => key.split(":") as [string, string?])];
  }),
);

/** What a press in a blank box does not tell. */
const BLANK_LACKS = /^(?:id|x|y|target|text|form)$/;

const PATH_MAX = 300;
const WORD = /^[\w-]{1,32}$/;

/** Return the sanitized payload, null to drop the note. */
export function maskNote(tag: string, raw: Json, nodes: Nodes): Json | null {
  const keys = NOTES.get(tag);
  if (!keys) return null;
  const state = nodes.state(raw.id);
  const ofNode = keys.some(([key, kind]) => key === "id" && !kind);
  const isHidden = ofNode && isPrivate(nodes, raw.id);
  const isBlank = ofNode && nodes.isBlank(raw.id);
  const isTyped = !!state && !!(nodes.flags(state) & (FIELD | EDITABLE));
  const out: Json = {};
  nodes.enter(state ? nodes.flags(state) : 0);
  for (const [key, kind] of keys) {
    const value = raw[key];
    if (isBlank && BLANK_LACKS.test(key)) continue;
    if (!kind) {
      if (Number.isFinite(value) || typeof value === "boolean") out[key] = value;
    } else if (typeof value !== "string") {
      if (kind === "i") return null;
    } else if (kind === "u") out[key] = nodes.url(value) ?? "";
    else if (kind === "w") {
      if (WORD.test(value)) out[key] = value;
    } else if (kind === "p") {
      const path = isHidden ? value.replace(/[^\s>]+/g, tagOf) : nodes.text(value, false);
      out[key] = path.slice(0, PATH_MAX);
    } else if (kind === "i") {
      if (refusedId(value)) return null;
      out[key] = value;
    } else if (key === "detail" && /click|form/.test(text(raw.kind))) {
      out[key] = value.replace(/[^\s>]+/g, tagOf); // a path, and it may be a private one
    } else if (!isHidden && !isTyped) {
      const masked = maskMessage(value.slice(0, TEXT_READ_MAX), nodes.text);
      out[key] = (/^t/.test(key) ? nodes.shown(masked) : masked).slice(0, Number(kind));
    }
  }
  return out;
}

function tagOf(part: string): string {
  return /^[a-z][a-z\d-]*/i.exec(part)?.[0] ?? "";
}
