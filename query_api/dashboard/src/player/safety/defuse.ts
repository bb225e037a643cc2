/**
 * Make events of recorded pages harmless before the replayer sees them.
 *
 * Recorded pages are hostile. Anything unknown is left out, and the rest plays on. Scripts are also
 * stopped by the replay's sandbox, and loads by the Content-Security-Policy; this module keeps the
 * replayer itself from failing, freezing or trying.
 */

import type { RecordedEvent } from "../model/events.ts";
import { safeCss } from "./defuse_css.ts";
import {
  DEPTH_MAX,
  idOf,
  isMask,
  type Json,
  type KnownNodes,
  learn,
  listOf,
  MASKED,
  objectOf,
  safeAttribute,
  safeNode,
  safeTag,
  safeText,
  textOf,
  UNSURE,
} from "./defuse_nodes.ts";

/** CSS px; larger views than any screen cost the analyst's memory. */
export const VIEW_MAX = 10_000;
const SCROLL_MAX = 33_554_428; // the largest box that browsers lay out
const POSITIONS_MAX = 1_000;
const POSITION_BACK_MS_MAX = 60_000;
const MOUSE_TYPES = 10;
const RULES_MAX = 20_000;
const RULE_PATH_MAX = 20;

const FULL_SNAPSHOT = 2;
const INCREMENTAL = 3;
const META = 4;

/** Makes the events of one page harmless, in their order. */
export class Defuser {
  #known: KnownNodes = { depths: new Map(), tags: new Map() };

  /** Return the harmless event for the replayer, or null to drop it. Never throws. */
  event(raw: RecordedEvent): RecordedEvent | null {
    const data = objectOf(raw.data);
    if (!data) return null;
    let result: Json | null = null;
    if (raw.type === META) result = meta(data);
    else if (raw.type === FULL_SNAPSHOT) result = this.#snapshot(data);
    else if (raw.type === INCREMENTAL) result = this.#change(data);
    return result && { type: raw.type, data: result, timestamp: raw.timestamp };
  }

  #snapshot(data: Json): Json | null {
    this.#known = { depths: new Map(), tags: new Map() };
    const node = safeNode(data.node, 0, this.#known, new Set(), "");
    if (node?.type !== 0 || !(node.childNodes as Json[]).some(({ type }) => type === 2)) {
      return null;
    }
    const offset = objectOf(data.initialOffset) ?? {};
    return { node, initialOffset: { top: scroll(offset.top), left: scroll(offset.left) } };
  }

  #change(data: Json): Json | null {
    const { source } = data;
    switch (source) {
      case 0:
        return this.#mutation(data);
      case 1:
      case 6:
      case 12: {
        const positions = listOf(data.positions).slice(0, POSITIONS_MAX).flatMap(position);
        return positions.length ? { source, positions } : null;
      }
      case 2: {
        const { type, id } = data;
        const isKnown =
          Number.isInteger(type) && (type as number) >= 0 && (type as number) <= MOUSE_TYPES;
        if (!isKnown || idOf(id) === null) return null;
        return { source, type, id, x: place(data.x), y: place(data.y) };
      }
      case 3:
        return idOf(data.id) === null
          ? null
          : { source, id: data.id, x: scroll(data.x), y: scroll(data.y) };
      case 4:
        return { source, ...size(data) };
      case 5:
        return idOf(data.id) === null
          ? null
          : { source, id: data.id, text: textOf(data.text), isChecked: data.isChecked === true };
      case 8:
        return sheetRules(data);
      case 13:
        return declaration(data);
      case 14:
        return { source, ranges: listOf(data.ranges).slice(0, 100).flatMap(range) };
      case 15:
        return adopted(data);
      default:
        // Canvas, media, fonts, logs and custom element definitions are dropped: they run or load
        // something, or show nothing.
        return null;
    }
  }

  #mutation(data: Json): Json {
    const { depths, tags } = this.#known;
    const added = listOf(data.adds).flatMap((raw): Json[] => [objectOf(raw) ?? {}]);
    const parents = new Map<number, number>();
    for (const { node: raw, parentId } of added) {
      const node = objectOf(raw);
      const id = idOf(node?.id);
      if (id === null) continue;
      if (idOf(parentId) !== null) parents.set(id, parentId as number);
      // Children may come before their parents.
      if (node?.type === 2) {
        learn(this.#known, id, safeTag(node.tagName, node.isSVG === true).toLowerCase());
      }
    }
    const seen = new Set<number>();
    const adds: Json[] = [];
    const marks: Json[] = [];
    for (const { node, parentId, nextId, previousId } of added) {
      if (idOf(parentId) === null) continue;
      const depth = depthBelow(parentId as number, parents, depths);
      const safe = safeNode(node, depth, this.#known, seen, tags.get(parentId as number));
      if (!safe) continue;
      adds.push({
        parentId,
        nextId: idOf(nextId),
        ...(idOf(previousId) === null ? {} : { previousId }),
        node: safe,
      });
      if (safe.type === 3 && isMask(safe.textContent)) marks.push(masked(parentId as number));
    }
    const removes = listOf(data.removes).flatMap((raw) => {
      const item = objectOf(raw);
      if (!item || idOf(item.id) === null || idOf(item.parentId) === null) return [];
      const isShadow = item.isShadow === true ? { isShadow: true } : {};
      return [{ id: item.id, parentId: item.parentId, ...isShadow }];
    });
    const texts = listOf(data.texts).flatMap((raw) => {
      const item = objectOf(raw);
      const id = idOf(item?.id);
      return item && id !== null ? [{ id, value: safeText(item.value, tags.get(id)) }] : [];
    });
    const attributes = listOf(data.attributes).flatMap((raw) => {
      const item = objectOf(raw);
      const id = idOf(item?.id);
      const changes = objectOf(item?.attributes);
      if (id === null || !changes) return [];
      const tag = tags.get(id) ?? UNSURE;
      const result: Json = {};
      for (const name of Object.keys(changes)) {
        const value = safeAttribute(tag, name, changes[name]);
        if (value !== undefined) result[name] = value;
      }
      return [{ id, attributes: result }];
    });
    const isAttachIframe = data.isAttachIframe === true && adds.length > 0;
    return {
      source: 0,
      adds,
      removes,
      texts,
      attributes: [...attributes, ...marks],
      ...(isAttachIframe ? { isAttachIframe } : {}),
    };
  }
}

/** Return the depth of a child of `parentId`; parents may be among the nodes added with it. */
function depthBelow(
  parentId: number,
  parents: Map<number, number>,
  depths: Map<number, number>,
): number {
  let depth = 1;
  let id = parentId;
  while (depth <= DEPTH_MAX) {
    const above = parents.get(id);
    if (above === undefined) return depth + (depths.get(id) ?? 0);
    id = above;
    depth += 1;
  }
  return depth;
}

function masked(id: number): Json {
  return { id, attributes: { [MASKED]: "text" } };
}

function meta(data: Json): Json {
  return { href: "about:blank", ...size(data) };
}

function size(data: Json): Json {
  return { width: side(data.width), height: side(data.height) };
}

function side(value: unknown): number {
  return Math.round(number(value, 1, VIEW_MAX)) || 1;
}

function scroll(value: unknown): number {
  return number(value, -SCROLL_MAX, SCROLL_MAX);
}

function place(value: unknown): number {
  return number(value, -VIEW_MAX, VIEW_MAX);
}

function number(value: unknown, least: number, most: number): number {
  return typeof value === "number" && !Number.isNaN(value)
    ? Math.min(most, Math.max(least, value))
    : Math.max(0, least);
}

function position(raw: unknown): Json[] {
  const item = objectOf(raw);
  if (!item || idOf(item.id) === null) return [];
  const timeOffset = number(item.timeOffset, -POSITION_BACK_MS_MAX, 0);
  return [{ x: place(item.x), y: place(item.y), id: item.id, timeOffset }];
}

function range(raw: unknown): Json[] {
  const item = objectOf(raw);
  if (!item || idOf(item.start) === null || idOf(item.end) === null) return [];
  const startOffset = number(item.startOffset, 0, 2 ** 31);
  const endOffset = number(item.endOffset, 0, 2 ** 31);
  return [{ start: item.start, startOffset, end: item.end, endOffset }];
}

/** Return the keys that name a sheet: of a node, or adopted. */
function sheetOf(data: Json): Json | null {
  const id = idOf(data.id);
  const styleId = idOf(data.styleId);
  if (id === null && styleId === null) return null;
  return { ...(id === null ? {} : { id }), ...(styleId === null ? {} : { styleId }) };
}

function indexOf(raw: unknown): number | number[] | undefined {
  if (Array.isArray(raw)) {
    const path = raw.slice(0, RULE_PATH_MAX);
    return path.length && path.every((item) => idOf(item) !== null && item >= 0) ? path : undefined;
  }
  const index = idOf(raw);
  return index !== null && index >= 0 ? index : undefined;
}

function rules(raw: unknown): Json[] {
  return listOf(raw)
    .slice(0, RULES_MAX)
    .flatMap((value) => {
      const item = objectOf(value);
      if (!item || typeof item.rule !== "string") return [];
      const index = indexOf(item.index);
      return [{ rule: safeCss(item.rule), ...(index === undefined ? {} : { index }) }];
    });
}

function sheetRules(data: Json): Json | null {
  const sheet = sheetOf(data);
  if (!sheet) return null;
  const result: Json = { source: 8, ...sheet, adds: rules(data.adds) };
  result.removes = listOf(data.removes)
    .slice(0, RULES_MAX)
    .flatMap((raw) => {
      const index = indexOf(objectOf(raw)?.index);
      return index === undefined ? [] : [{ index }];
    });
  // Only adopted sheets can be replaced as a whole.
  if (sheet.styleId !== undefined && sheet.id === undefined) {
    for (const name of ["replace", "replaceSync"]) {
      if (typeof data[name] === "string") result[name] = safeCss(data[name]);
    }
  }
  return result;
}

function declaration(data: Json): Json | null {
  const sheet = sheetOf(data);
  const index = indexOf(data.index);
  if (!sheet || !Array.isArray(index)) return null;
  const result: Json = { source: 13, ...sheet, index };
  const set = objectOf(data.set);
  const remove = objectOf(data.remove);
  if (set && typeof set.property === "string") {
    const value = typeof set.value === "string" ? safeCss(set.value) : "";
    result.set = {
      property: set.property,
      value,
      ...(set.priority === "important" ? { priority: "important" } : {}),
    };
  }
  if (remove && typeof remove.property === "string") result.remove = { property: remove.property };
  return result;
}

function adopted(data: Json): Json | null {
  if (idOf(data.id) === null) return null;
  const styleIds = listOf(data.styleIds).filter((id) => idOf(id) !== null);
  const styles = listOf(data.styles).flatMap((raw) => {
    const item = objectOf(raw);
    return item && idOf(item.styleId) !== null
      ? [{ styleId: item.styleId, rules: rules(item.rules) }]
      : [];
  });
  return { source: 15, id: data.id, styleIds, styles };
}
