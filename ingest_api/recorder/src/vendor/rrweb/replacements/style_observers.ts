/** Observe changes of style sheets and of the styles of rules, by their methods. */

import { callbackWrapper, getIdAndStyleId, runHandler } from "rrweb";
import type { Observation } from "./context.ts";
import type { SheetChange, StopObserving } from "./types.ts";

type DocumentWindow = Window & typeof globalThis;
// biome-ignore lint/suspicious/noExplicitAny: a method of the page's, with whatever it is called.
type Method = (this: any, ...args: any[]) => unknown;

function isKnown({ id = -1, styleId = -1 }: SheetChange): boolean {
  return id > 0 || styleId > 0;
}

/** Return a rule's indexes, from its sheet down through the rules around it. */
function rulePositions(rule: CSSRule): number[] {
  const positions: number[] = [];
  for (let inner: CSSRule | null = rule; inner; inner = inner.parentRule) {
    const home = (inner.parentRule ?? inner.parentStyleSheet) as CSSGroupingRule | null;
    if (home) positions.unshift(Array.from(home.cssRules).indexOf(inner));
  }
  return positions;
}

/**
 * Report each call of a method before it runs. What it returns or throws stays its own.
 *
 * @param report is called with the call's `this` and its arguments
 */
function spy<Self>(
  owner: object | undefined,
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of any method.
  report: (self: Self, args: any[]) => void,
): StopObserving {
  const methods = owner as Record<string, Method> | undefined;
  const original = methods?.[name];
  if (!methods || !original) return () => {};
  methods[name] = new Proxy(original, {
    apply(_, self, args) {
      callbackWrapper(report)(self, args);
      return Reflect.apply(original, self, args);
    },
  });
  return () => {
    methods[name] = original;
  };
}

export function observeStyleSheets(
  { styleSheetRuleCb, mirror, stylesheetManager }: Observation,
  win: DocumentWindow,
): StopObserving {
  const report = (sheet: CSSStyleSheet | null, change: object): void => {
    const ids = getIdAndStyleId(sheet, mirror, stylesheetManager.styleMirror);
    if (isKnown(ids)) styleSheetRuleCb({ ...ids, ...change });
  };
  const sheet = win.CSSStyleSheet?.prototype;
  const group = win.CSSGroupingRule?.prototype;
  const ofSheet = (name: string, change: (args: unknown[], self: CSSStyleSheet) => object) => {
    return spy<CSSStyleSheet>(sheet, name, (self, args) => report(self, change(args, self)));
  };
  const ofGroup = (name: string, change: (args: unknown[], self: CSSRule) => object) => {
    return spy<CSSRule>(group, name, (self, args) => {
      report(self.parentStyleSheet, change(args, self));
    });
  };
  const stops = [
    ofSheet("insertRule", ([rule, index]) => ({ adds: [{ rule, index }] })),
    ofSheet("addRule", ([selector, css, index], self) => {
      return { adds: [{ rule: `${selector} { ${css} }`, index: index ?? self.cssRules.length }] };
    }),
    ofSheet("deleteRule", ([index]) => ({ removes: [{ index }] })),
    ofSheet("removeRule", ([index]) => ({ removes: [{ index }] })),
    ofSheet("replace", ([replace]) => ({ replace })),
    ofSheet("replaceSync", ([replaceSync]) => ({ replaceSync })),
    ofGroup("insertRule", ([rule, index], self) => {
      return { adds: [{ rule, index: [...rulePositions(self), index || 0] }] };
    }),
    ofGroup("deleteRule", ([index], self) => {
      return { removes: [{ index: [...rulePositions(self), index] }] };
    }),
  ];
  return () => stops.forEach(runHandler);
}

export function observeStyleDeclarations(
  { styleDeclarationCb, mirror, stylesheetManager }: Observation,
  win: DocumentWindow,
): StopObserving {
  const report = ({ parentRule }: CSSStyleDeclaration, change: object): void => {
    const sheet = parentRule?.parentStyleSheet; // an element's own style has no rule
    if (!sheet) return;
    const ids = getIdAndStyleId(sheet, mirror, stylesheetManager.styleMirror);
    if (isKnown(ids)) {
      styleDeclarationCb({ ...ids, ...change, index: rulePositions(parentRule) });
    }
  };
  const style = win.CSSStyleDeclaration.prototype;
  const stops = [
    spy<CSSStyleDeclaration>(style, "setProperty", (self, [property, value, priority]) => {
      report(self, { set: { property, value, priority } });
    }),
    spy<CSSStyleDeclaration>(style, "removeProperty", (self, [property]) => {
      report(self, { remove: { property } });
    }),
  ];
  return () => stops.forEach(runHandler);
}
