/**
 * The sanitizer: rebuilds every event, rrweb's and ours, from the keys that it knows.
 *
 * Pure: JSON in, JSON out, no DOM. Events must come in order, as private nodes are remembered by
 * their ids. An unknown shape, type, source or key is dropped.
 */

import { attempt } from "../guard.ts";
import type { Privacy, RrwebEvent } from "../types.ts";
import { isPrivate, maskMutation } from "./mutations.ts";
import { isObject, type Json, Nodes, PRIVATE, text } from "./nodes.ts";
import { maskNote } from "./notes.ts";

// MouseMove, MouseInteraction, Scroll, ViewportResize, TouchMove, Drag; then those of styles.
const SOURCES = new Set<unknown>([1, 2, 3, 4, 6, 12, 8, 13, 15]);
const STYLES = new Set<unknown>([8, 13, 15]);
const KEYS =
  "type id x y pointerType width height positions timeOffset top left styleId styleIds index adds removes styles rules rule replace replaceSync set remove property value priority".split(
    " ",
  );
const CSS = /^r(?:ule|eplace)|^value/;
const NAMES = /^pr/;
const WORD = /^-{0,2}[a-z][\w.-]*$/i;

export class Sanitizer {
  private readonly nodes: Nodes;
  /** Which nodes have adopted a style sheet. */
  private owners = new Map<unknown, unknown[]>();

  constructor(privacy: Privacy) {
    this.nodes = new Nodes(privacy);
  }

  /** Return the sanitized event, null to drop it. Never throws. */
  event(event: RrwebEvent): RrwebEvent | null {
    return attempt(() => {
      const data = this.data(event.type, isObject(event.data) ? (event.data as Json) : {});
      const { type, timestamp } = event;
      return data && { type, data, timestamp: number(timestamp) };
    });
  }

  url(url: string): string {
    return this.nodes.url(url) ?? "";
  }

  text(value: string): string {
    return this.nodes.text(value);
  }

  private data(type: number, raw: Json): Json | null {
    this.nodes.enter(0);
    switch (type) {
      case 0:
      case 1:
        return {};
      case 2: {
        this.owners.clear(); // rrweb counts its style sheets anew
        const node = this.nodes.snapshot(raw.node);
        const initialOffset = this.known(isObject(raw.initialOffset) ? raw.initialOffset : {});
        return node && { node, initialOffset };
      }
      case 3:
        return this.incremental(raw);
      case 4:
        return { href: this.url(text(raw.href)), ...(this.known(raw) as Json) };
      case 5: {
        const payload = isObject(raw.payload) ? (raw.payload as Json) : {};
        const note = maskNote(text(raw.tag), payload, this.nodes);
        return note && { tag: raw.tag, payload: note };
      }
      default:
        return null;
    }
  }

  private incremental(raw: Json): Json | null {
    const { source } = raw;
    if (source === 0) return maskMutation(raw, this.nodes);
    if (source === 5) return this.input(raw);
    if (source === 16) {
      const name = isObject(raw.define) ? text((raw.define as Json).name) : "";
      return WORD.test(name) ? { source, define: { name } } : null;
    }
    if (!SOURCES.has(source)) return null;
    const { id, styleIds } = raw;
    if (Array.isArray(styleIds)) {
      for (const sheet of styleIds) this.owners.set(sheet, [id, ...(this.owners.get(sheet) ?? [])]);
    }
    const owners = id === undefined ? this.owners.get(raw.styleId) : [id];
    for (const owner of owners ?? []) {
      const state = this.nodes.state(owner);
      if (state) this.nodes.enter(this.nodes.flags(state));
    }
    if (Array.isArray(raw.positions)) {
      raw.positions = raw.positions.filter((at) => !this.nodes.isBlank(at?.id));
      if (!(raw.positions as Json[]).length) return null;
    } else if ((source === 2 || source === 3) && this.nodes.isBlank(id)) return null;
    const isHidden = STYLES.has(source) && owners?.some((owner) => isPrivate(this.nodes, owner));
    return { source, ...(this.known(raw, isHidden) as Json) };
  }

  private input(raw: Json): Json | null {
    const state = this.nodes.state(raw.id);
    if (!state) return null;
    const flags = this.nodes.flags(state);
    const value = this.nodes.value(state, flags, text(raw.text));
    const isChecked = raw.isChecked === true && !(flags & PRIVATE);
    // What is typed must not be counted.
    const shown = value + isChecked;
    if (state.last === shown) return null;
    state.last = shown;
    const out: Json = { source: 5, text: value, isChecked, id: raw.id };
    if (typeof raw.userTriggered === "boolean") out.userTriggered = raw.userTriggered;
    return out;
  }

  /** Return what is known in the data of sources and its parts. `isHidden`: of a private sheet. */
  private known(raw: unknown, isHidden = false): unknown {
    if (Array.isArray(raw)) {
      return raw.map((part) => this.known(part, isHidden)).filter((part) => part !== undefined);
    }
    // Parts of a pixel are seen by nobody, and are half of an event.
    if (typeof raw === "number") return Number.isFinite(raw) ? Math.round(raw) : undefined;
    if (!isObject(raw)) return raw === null ? raw : undefined;
    const out: Json = {};
    for (const key of KEYS) {
      const value = (raw as Json)[key];
      if (value === undefined) continue;
      let part: unknown;
      if (typeof value !== "string") part = this.known(value, isHidden);
      else if (CSS.test(key)) part = this.nodes.css(value, isHidden);
      else if (NAMES.test(key) && (!value || WORD.test(value))) part = value;
      if (part !== undefined) out[key] = part;
    }
    // A custom property may hold any text.
    if (isHidden && text(out.property).startsWith("--")) delete out.value;
    return out;
  }
}

function number(value: unknown): number {
  return Number.isFinite(value) ? (value as number) : 0;
}
