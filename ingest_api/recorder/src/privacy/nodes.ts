/**
 * Sanitize the nodes of snapshots and mutations, and remember what each is.
 *
 * A node's own flags are stored by its id; those of its ancestors are looked up when needed, so that
 * an element that becomes private later masks all later changes inside of it.
 */

import type { Privacy } from "../types.ts";
import { isOwn, type Masks, maskAttribute } from "./attributes.ts";
import { maskCss } from "./css.ts";
import { ALL, levelOf, maskLevel, NUMBERS } from "./levels.ts";
import { maskPatterns, STARS } from "./patterns.ts";
import { TypedText } from "./typed_text.ts";
import { isAsset, maskUrl } from "./urls.ts";

export type Json = Record<string, unknown>;

export interface NodeState {
  flags: number;
  parent: NodeState | null;
  readonly tag: string;
  /** The last masked input, so that key strokes cannot be counted. */
  last: string;
}

export const MASK = "*****";

// Inherited by what is inside.
export const PRIVATE = 1;
const PUBLIC = 2;
export const EDITABLE = 4; // what stands here is typed by the visitor
export const DROPPED = 8; // an empty comment stands in its place
// The element's own.
export const FIELD = 16;
const TYPED = 32; // its value comes from the keyboard
const LABEL = 64; // its value is its caption
const SECRET = 128; // masked even if public; sticky
const EMAIL = 256;
export const MASKED = 512; // its text or value left as a mask
const SVG = 1024;
const REMOVED = 2048;
// Inherited, too: what `data-mask` asks for.
const MASKS_NUMBERS = 4096;
const MASKS_ALL = 8192;
const BOX = 16_384; // nothing inside is recorded, and a position would tell what was pressed

const STICKY = PRIVATE | SECRET;
const INHERITED = PRIVATE | PUBLIC | EDITABLE | DROPPED | MASKS_NUMBERS | MASKS_ALL;
const DEPTH_MAX = 1000; // no page is that deep; the stack must not overflow
const HOPS_MAX = 20_000; // only broken events make a circle of parents
const CSS_MEMO_LENGTH = 500; // masking shorter ones is faster than a lookup
const OWN_WORDS_MAX = 5_000;
const CSS_MEMO_MAX = 200; // style sheets of a page that shadow roots repeat

const NO_ELEMENT = new Set("script noscript template base meta param".split(" "));
const BOX_ONLY = new Set("object embed applet portal".split(" ")); // rrweb leaves a box of their size
const TAG = /^[a-z][\w.:-]*$/i;
const LABEL_TYPES = /^(?:submit|button|reset|image)$/i;
const PICKED_TYPES = /^(?:checkbox|radio|hidden|range|color|file)$/i;
const SECRET_NAMES =
  /card|\bcc-|cc-?_?(?:num|exp|csc|cvc)|cvv|cvc|csc|iban|passw|passcode|passphrase|pwd|social.?sec|tax.?id|national.?id/i;
const SSN_NAMES = /(?:^|[^a-z])ssn|Ssn|SSN/;
const NUMBER = /\d(?:[\s-]?\d){6}/;
const EMAIL_NAMES = /e-?mail/i;
const FIELDS = new Set("input textarea select".split(" "));
const PROPERTY = /^-{0,2}[a-z][\w-]*$/i;

export class Nodes implements Masks {
  private states = new Map<number, NodeState>();
  private readonly sticky = new Map<number, number>();
  private readonly privacy: Privacy;
  private readonly typedText = new TypedText();
  private readonly memo = new Map<string, string>();
  private memoVersion = 0;
  private readonly ownWords = new Set<string>();
  /** How much of a text is hidden where the sanitizer is now. */
  level = 0;
  private sizeKept = 0;
  /** Names of what was a password once: a page may make it a text field and be recorded anew. */
  private readonly secrets = new Set<string>();

  constructor(privacy: Privacy) {
    this.privacy = privacy;
  }

  /** Mask a text and what it repeats of typed ones; `tokens` false: a class, an id or a path. */
  text = (text: string, tokens = true): string =>
    this.pattern(tokens ? this.typedText.mask(text) : text, tokens);

  /** Mask by patterns alone, what draws the page: a word that was searched for may name a picture. */
  pattern = (text: string, tokens = true): string => {
    const { mask_patterns, mask_emails } = this.privacy;
    return mask_patterns ? maskPatterns(text, mask_emails, tokens) : text;
  };

  /** Whether a data attribute's value is the page's own: it was there before it was typed. */
  isOwnWord = (value: string): boolean => {
    if (this.ownWords.has(value)) return true;
    const isOwn = this.typedText.mask(value) === value;
    if (isOwn && this.ownWords.size < OWN_WORDS_MAX) this.ownWords.add(value);
    return isOwn;
  };

  shown = (text: string): string => maskLevel(this.text(text), this.level);

  /** Take the level of the website, or the stricter one of an element with these flags. */
  enter(flags: number): void {
    const own = flags & MASKS_ALL ? ALL : flags & MASKS_NUMBERS ? NUMBERS : 0;
    this.level = Math.max(own, levelOf(this.privacy.mask_text));
  }

  url(text: string, keepsId = false): string | null {
    return maskUrl(text, keepsId || isAsset(text) ? this.pattern : this.text, keepsId);
  }

  css(text: string, isPrivate: boolean): string {
    if (text.length < CSS_MEMO_LENGTH || isPrivate) return maskCss(text, this, isPrivate);
    if (this.memoVersion !== this.typedText.version || this.memo.size > CSS_MEMO_MAX)
      this.memo.clear();
    this.memoVersion = this.typedText.version;
    const key = this.level + text;
    let masked = this.memo.get(key);
    if (masked === undefined) {
      masked = maskCss(text, this, false);
      this.memo.set(key, masked);
    }
    return masked;
  }

  state(id: unknown): NodeState | undefined {
    return this.states.get(id as number);
  }

  /** Return the flags of a node and those that it has from its ancestors. */
  flags(state: NodeState): number {
    let flags = state.flags;
    let hops = 0;
    for (let up = state.parent; up; up = up.parent) {
      flags |= up.flags & INHERITED;
      if (++hops > HOPS_MAX) return flags | PRIVATE;
    }
    return flags;
  }

  /** Whether a node is a blank box or stands in one: rrweb numbers none that does. */
  isBlank(id: unknown): boolean {
    const state = this.state(id);
    return !state || !!(state.flags & BOX);
  }

  /** Begin anew with the tree of a full snapshot. What was private or a password stays so. */
  snapshot(raw: unknown): Json | null {
    for (const [id, { flags }] of this.states) {
      if (flags & STICKY) this.sticky.set(id, flags & STICKY);
    }
    this.states = new Map();
    const node = this.node(raw, null, 0, 0);
    this.sizeKept = this.states.size;
    return node;
  }

  /** Return the sanitized node, added under `parent`, with its descendants. */
  add(raw: unknown, parent: NodeState): Json | null {
    return this.node(raw, parent, this.flags(parent) & INHERITED, 0);
  }

  remove(state: NodeState): void {
    state.flags |= REMOVED;
  }

  /** Forget removed nodes, once there may be as many of them as of others. */
  sweep(): void {
    if (this.states.size < 2 * this.sizeKept + 10_000) return;
    for (const [id, state] of this.states) {
      let hops = 0;
      for (let up: NodeState | null = state; up && ++hops < HOPS_MAX; up = up.parent) {
        if (up.flags & REMOVED) {
          this.states.delete(id);
          break;
        }
      }
    }
    this.sizeKept = this.states.size;
  }

  private node(
    raw: unknown,
    parent: NodeState | null,
    inherited: number,
    depth: number,
  ): Json | null {
    const sn = raw as Json;
    if (!isObject(raw) || !isId(sn.id) || depth > DEPTH_MAX) return null;
    const { type, id } = sn as { type: unknown; id: number };
    const out: Json = { type, id };
    if (isId(sn.rootId)) out.rootId = sn.rootId;
    if (sn.isShadow === true) out.isShadow = true;
    const old = this.states.get(id);
    const kept = (old ? this.flags(old) : (this.sticky.get(id) ?? 0)) & STICKY;
    const tag = type === 2 && typeof sn.tagName === "string" ? sn.tagName.toLowerCase() : "";
    const state: NodeState = old ?? { flags: 0, parent, tag, last: "" };
    state.flags = kept;
    state.parent = parent;
    state.last = "";
    this.states.set(id, state);

    switch (type) {
      case 0:
        if (sn.compatMode === "BackCompat") out.compatMode = sn.compatMode;
        out.childNodes = this.children(sn.childNodes, state, inherited | kept, depth);
        return out;
      case 1:
        for (const key of ["name", "publicId", "systemId"]) out[key] = this.text(text(sn[key]));
        return out;
      case 2:
        return this.element(sn, out, state, inherited, depth);
      case 3:
        if (sn.isStyle === true) out.isStyle = true;
        out.textContent = this.nodeText(state, inherited | kept, text(sn.textContent));
        return out;
      case 4:
      case 5:
        out.textContent = "";
        return out;
      default:
        return null;
    }
  }

  private element(sn: Json, out: Json, state: NodeState, inherited: number, depth: number): Json {
    const { tag } = state;
    const raw = isObject(sn.attributes) ? (sn.attributes as Json) : {};
    const isBox = typeof raw.rr_width === "string";
    if (isBox) state.flags |= PRIVATE | BOX; // rrweb blocked it, and does not say why
    if (!isKnown(tag, raw, isBox)) {
      state.flags |= DROPPED;
      return { ...out, type: 5, textContent: "" };
    }
    if (sn.isSVG === true) state.flags |= SVG;
    this.learn(state, raw, true);
    out.tagName = sn.tagName;
    const attributes = this.attributes(state, inherited | state.flags, raw);
    if (isBox) {
      // The size is that of the whole box, and a player without controls would have none.
      attributes.style = "box-sizing:border-box!important";
      if (tag === "audio" && raw.rr_width !== "0px") attributes.controls = "";
    }
    out.attributes = attributes;
    out.childNodes = isBox
      ? []
      : this.children(sn.childNodes, state, (inherited | state.flags) & INHERITED, depth);
    for (const key of ["isSVG", "isCustom", "isShadowHost"]) if (sn[key] === true) out[key] = true;
    return out;
  }

  private children(raw: unknown, parent: NodeState, inherited: number, depth: number): Json[] {
    const kept: Json[] = [];
    if (Array.isArray(raw)) {
      for (const child of raw) {
        const node = this.node(child, parent, inherited, depth + 1);
        if (node) kept.push(node);
      }
    }
    return kept;
  }

  /** Set the flags that attributes stand for: all of an element's, or those that changed. */
  learn(state: NodeState, raw: Json, isNew = false): void {
    const hides = raw["data-private"];
    if (hides !== undefined && hides !== null && hides !== "false") state.flags |= PRIVATE;
    const shows = raw["data-public"];
    if (shows !== undefined) {
      if (shows === null || shows === "false") state.flags &= ~PUBLIC;
      else state.flags |= PUBLIC;
    }
    const level = levelOf(raw["data-mask"]);
    if (level) state.flags |= level === ALL ? MASKS_ALL : MASKS_NUMBERS;
    const editable = raw.contenteditable;
    if (editable !== undefined && editable !== null && editable !== "false")
      state.flags |= EDITABLE;
    const { role } = raw;
    if (typeof role === "string" && /textbox|searchbox/.test(role)) state.flags |= EDITABLE;
    if (FIELDS.has(state.tag) || state.tag.includes("-")) this.learnField(state, raw, isNew);
  }

  private learnField(state: NodeState, raw: Json, isNew: boolean): void {
    state.flags |= FIELD;
    const type = text(raw.type).toLowerCase();
    if (state.tag === "input" && (isNew || raw.type !== undefined)) {
      if (LABEL_TYPES.test(type)) state.flags |= LABEL;
      else if (!PICKED_TYPES.test(type)) state.flags |= TYPED;
    } else if (state.tag !== "input" && state.tag !== "select") state.flags |= TYPED;
    const names = `${text(raw.autocomplete)} ${text(raw.name)} ${text(raw.id)}`;
    if (type === "email" || EMAIL_NAMES.test(names)) state.flags |= EMAIL;
    const key = `${text(raw.name)}|${text(raw.id)}`;
    if (type === "password") {
      state.flags |= SECRET;
      if (key !== "|") this.secrets.add(key);
    }
    if (this.secrets.has(key) || SECRET_NAMES.test(names) || SSN_NAMES.test(names)) {
      state.flags |= SECRET;
    }
  }

  /** Return the sanitized attributes. `flags` are the element's with the inherited ones. */
  attributes(state: NodeState, flags: number, raw: Json): Json {
    const out: Json = {};
    this.enter(flags);
    const element = { tag: state.tag, isSvg: !!(flags & SVG), isPrivate: !!(flags & PRIVATE) };
    for (const name in raw) {
      const value = isOwn(name)
        ? this.ownAttribute(state, flags, name, raw[name])
        : maskAttribute(element, name, raw[name], this);
      if (value !== undefined) out[name] = value;
    }
    return out;
  }

  private ownAttribute(state: NodeState, flags: number, name: string, value: unknown): unknown {
    const isPrivate = !!(flags & PRIVATE);
    if (name === "_cssText") {
      return typeof value === "string" ? this.css(value, isPrivate) : undefined;
    }
    if (name === "style") return this.style(value, isPrivate);
    if (name === "checked")
      return isPrivate || value === false ? undefined : value === null ? null : true;
    if (name !== "value" || isPrivate) return undefined;
    if (value === null) return null;
    if (state.tag === "option") return flags & PUBLIC ? this.shown(text(value)) : undefined;
    if (state.tag === "li" || state.tag === "progress" || state.tag === "meter") {
      return /^-?[\d.]{1,12}$/.test(String(value)) ? value : undefined;
    }
    if (!(flags & FIELD)) return undefined;
    const masked = this.value(state, flags, text(value));
    // Repeating the same mask would reveal a key stroke.
    if (masked === MASK && state.flags & MASKED) return undefined;
    state.flags = masked === MASK ? state.flags | MASKED : state.flags & ~MASKED;
    return masked;
  }

  style(value: unknown, isPrivate: boolean): unknown {
    if (typeof value === "string") return this.css(value, isPrivate);
    if (!isObject(value)) return value === null ? null : undefined;
    const out: Json = {};
    for (const property in value as Json) {
      if (!PROPERTY.test(property) || (isPrivate && property.startsWith("--"))) continue;
      const set = (value as Json)[property];
      if (set === false) out[property] = false;
      else if (typeof set === "string") out[property] = this.css(set, isPrivate);
      else if (Array.isArray(set) && typeof set[0] === "string") {
        out[property] = [this.css(set[0], isPrivate), set[1] === "important" ? set[1] : ""];
      }
    }
    return out;
  }

  /** Return the masked value of a field. */
  value(state: NodeState, flags: number, raw: string): string {
    this.enter(flags);
    if (raw === "") return raw;
    const isPrivate = flags & PRIVATE;
    if (!isPrivate && (flags & (LABEL | TYPED)) === LABEL) return this.shown(raw);
    const isSecret = flags & SECRET || (flags & EMAIL && this.privacy.mask_emails);
    if (!isPrivate && flags & PUBLIC && !isSecret) return this.typed(raw);
    if (flags & TYPED) this.typedText.add(state, raw, !!(flags & SECRET));
    return MASK;
  }

  /** What is typed in public: a number that is still being typed is no card yet. */
  private typed(raw: string): string {
    return this.privacy.mask_patterns && NUMBER.test(raw) ? STARS : this.shown(raw);
  }

  /** Return the masked text of a text node. */
  nodeText(state: NodeState, inherited: number, raw: string): string {
    const { parent } = state;
    this.enter(inherited);
    const isStyle = parent?.tag === "style";
    let masked: string;
    if (isStyle) masked = this.css(raw, !!(inherited & PRIVATE));
    else if (!/\S/.test(raw)) masked = raw;
    else if (parent?.tag === "textarea") {
      masked = this.value(parent, parent.flags | inherited, raw);
    } else if (inherited & PRIVATE) masked = MASK;
    else if (inherited & EDITABLE && !(inherited & PUBLIC)) {
      this.typedText.add(state, raw);
      masked = MASK;
    } else masked = inherited & EDITABLE ? this.typed(raw) : this.shown(raw);
    state.flags = masked === MASK ? state.flags | MASKED : state.flags & ~MASKED;
    return masked;
  }
}

/** Whether a link is a style sheet, or may become one when it has loaded. */
function isKnown(tag: string, raw: Json, isBox: boolean): boolean {
  if (tag === "link") {
    const rel = text(raw.rel).toLowerCase();
    return (
      "_cssText" in raw || rel.includes("stylesheet") || (rel === "preload" && raw.as === "style")
    );
  }
  return TAG.test(tag) && !NO_ELEMENT.has(tag) && (isBox || !BOX_ONLY.has(tag));
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Return a string as it is, anything else as an empty one. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
