/** Style sheets: their ids, those that documents adopt, and the marks in a style element's CSS. */

import { stringifyRule, stringifyStylesheet } from "rrweb";
import { accessors } from "./accessors.ts";
import type { Mutations, NodeId, Report, SerializedNode } from "./types.ts";

/** Ids of constructed style sheets. */
class SheetIds {
  #last = 0;
  #ids = new WeakMap<CSSStyleSheet, NodeId>();

  getId(sheet: CSSStyleSheet): NodeId {
    return this.#ids.get(sheet) ?? -1;
  }

  has(sheet: CSSStyleSheet): boolean {
    return this.#ids.has(sheet);
  }

  add(sheet: CSSStyleSheet): NodeId {
    this.#ids.set(sheet, ++this.#last);
    return this.#last;
  }

  reset(): void {
    this.#ids = new WeakMap();
    this.#last = 0;
  }
}

interface Options {
  mutationCb: Report<Mutations>;
  adoptedStyleSheetCb: Report;
}

export class StylesheetManager {
  styleMirror = new SheetIds();
  #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Report the CSS of a link whose style sheet has loaded. */
  attachLinkElement({ id, attributes }: SerializedNode): void {
    if (attributes?._cssText === undefined) return;
    const changes = [{ id, attributes }];
    this.#options.mutationCb({ adds: [], removes: [], texts: [], attributes: changes });
  }

  /** Report the sheets that the document or shadow root `id` adopts, new ones with their rules. */
  adoptStyleSheets(sheets: ArrayLike<CSSStyleSheet> | undefined, id: NodeId): void {
    const known = this.styleMirror;
    if (!sheets?.length) return;
    const styles: object[] = [];
    const styleIds = Array.prototype.map.call(sheets, (sheet: CSSStyleSheet) => {
      if (known.has(sheet)) return known.getId(sheet);
      const styleId = known.add(sheet);
      const rules = [...sheet.cssRules].map((rule, index) => {
        return { rule: stringifyRule(rule, sheet.href), index };
      });
      styles.push({ styleId, rules });
      return styleId;
    });
    this.#options.adoptedStyleSheetCb({ id, styleIds, ...(styles.length && { styles }) });
  }

  reset(): void {
    this.styleMirror.reset();
  }
}

/**
 * Mark in `css` where the text nodes of a style element meet, so that a player can change one.
 *
 * Returns `css` as it is where a text does not consist of whole rules.
 */
export function markCssSplits(css: string, style: HTMLStyleElement): string {
  const texts = Array.from(accessors.childNodes(style), accessors.textContent);
  if (texts.length < 2) return css;
  try {
    const cssRules = style.sheet?.cssRules ?? [];
    let at = 0;
    const parts = texts.map((text) => {
      const part = new CSSStyleSheet();
      part.replaceSync(text ?? "");
      const from = at;
      at += part.cssRules.length;
      const rules = Array.from(cssRules).slice(from, at);
      return stringifyStylesheet({ cssRules: rules, href: style.baseURI });
    });
    if (at === cssRules.length) return parts.join("/* rr_split */");
  } catch {}
  return css;
}
