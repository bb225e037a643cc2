/** Functions of rrweb's recorder that its patched module exports (see patch.mjs). */

declare module "rrweb" {
  import type { Context, Observation } from "./replacements/context.ts";
  import type { NodeIds } from "./replacements/node_ids.ts";
  import type { Mutations, Report, SheetChange, StopObserving } from "./replacements/types.ts";

  // Errors.
  /** Wrap a function so that its errors go to the handler; it then returns undefined. */
  export function callbackWrapper<A extends unknown[], R>(
    fn: (...args: A) => R,
  ): (...args: A) => R | undefined;
  export function registerErrorHandler(handler: (error: unknown) => void): void;
  export function unregisterErrorHandler(): void;
  /** Call a function, and ignore its errors. */
  export function runHandler(handler: () => void): void;

  // Nodes.
  export function genId(): number;
  export function getValidTagName$1(element: Element): string;
  export function isShadowRoot(node: Node | null): boolean;
  export function onceIframeLoaded(
    frame: HTMLIFrameElement,
    listener: () => void,
    timeout_ms: number,
  ): void;
  export function onceStylesheetLoaded(
    link: HTMLLinkElement,
    listener: () => void,
    timeout_ms: number,
  ): void;

  // CSS.
  export const URL_IN_CSS_REF: RegExp;
  export function stringifyRule(rule: CSSRule, href: string | null): string;
  export function stringifyStylesheet(
    sheet: CSSStyleSheet | { cssRules: CSSRule[]; href: string },
  ): string | null;
  export function getIdAndStyleId(
    sheet: CSSStyleSheet | null,
    mirror: NodeIds,
    styleMirror: { getId(sheet: CSSStyleSheet): number },
  ): SheetChange;

  // Observers.
  export function on<E extends Event>(
    type: string,
    fn: (event: E) => void,
    target: EventTarget | null,
  ): StopObserving;
  export function getEventTarget(event: Event): Node | null;
  export const mutationBuffers: Set<{ lock(): void; unlock(): void }>;
  export function initMutationObserver(options: Observation, root: Node): StopObserving;
  export function initMoveObserver(options: Observation): StopObserving;
  export function initScrollObserver(options: Observation): StopObserving;
  export function initViewportResizeObserver(
    options: Observation,
    window: { win: Window },
  ): StopObserving;
  export function initInputObserver(options: Observation): StopObserving;
  export function initAdoptedStyleSheetObserver(options: Observation, host: Node): StopObserving;
  export function initCustomElementObserver(options: Observation): StopObserving;

  export class ProcessedNodeManager {}
  export class ShadowDomManager {
    constructor(options: {
      mutationCb: Report<Mutations>;
      scrollCb: Report;
      bypassOptions: Context;
      mirror: NodeIds;
    });
    init(): void;
    reset(): void;
    addShadowRoot(root: ShadowRoot, doc: Document): void;
    removeShadowRootsIn(node: Node): void;
    observeAttachShadow(frame: HTMLIFrameElement): void;
  }
}
