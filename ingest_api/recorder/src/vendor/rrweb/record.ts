/**
 * rrweb's recorder: its observers, with the snapshots and managers of `replacements/`.
 *
 * The only module that the rest of the recorder imports from here.
 */

import {
  callbackWrapper,
  initAdoptedStyleSheetObserver,
  initCustomElementObserver,
  initInputObserver,
  initMoveObserver,
  initMutationObserver,
  initScrollObserver,
  initViewportResizeObserver,
  mutationBuffers,
  on,
  ProcessedNodeManager,
  registerErrorHandler,
  runHandler,
  ShadowDomManager,
  unregisterErrorHandler,
} from "rrweb";
import type { RrwebEvent, Stop } from "../../types.ts";
import { getWindowScroll } from "./replacements/accessors.ts";
import type { Context, Observation } from "./replacements/context.ts";
import { FrameManager } from "./replacements/frames.ts";
import { observeInteractions } from "./replacements/interaction_observer.ts";
import { NodeIds } from "./replacements/node_ids.ts";
import { serializeNodeWithId } from "./replacements/snapshot.ts";
import { observeStyleDeclarations, observeStyleSheets } from "./replacements/style_observers.ts";
import { StylesheetManager } from "./replacements/stylesheets.ts";
import type { Mutations, Sampling, StopObserving } from "./replacements/types.ts";

const FULL_SNAPSHOT = 2;
const INCREMENTAL = 3;
const META = 4;

/** rrweb's numbers of incremental events. */
const SOURCE = {
  mutation: 0,
  interaction: 2,
  scroll: 3,
  resize: 4,
  input: 5,
  styleSheetRule: 8,
  styleDeclaration: 13,
  adoptedStyleSheets: 15,
  customElement: 16,
};

interface Options {
  emit: (event: RrwebEvent) => void;
  /** CSS selector of elements that are recorded as empty boxes of their size. */
  blockSelector?: string;
  sampling?: Sampling;
  errorHandler?: (error: unknown) => void;
}

const ids = new NodeIds();
let takeSnapshot: (() => void) | undefined;

function observeDocument(observation: Observation): StopObserving {
  const { doc } = observation;
  const win = doc.defaultView;
  if (!win) return () => {};
  const stops = [
    initMutationObserver(observation, doc),
    initMoveObserver(observation),
    observeInteractions(observation),
    initScrollObserver(observation),
    initViewportResizeObserver(observation, { win }),
    initInputObserver(observation),
    observeStyleSheets(observation, win),
    initAdoptedStyleSheetObserver(observation, doc),
    observeStyleDeclarations(observation, win),
    initCustomElementObserver(observation),
  ];
  return () => stops.forEach(runHandler);
}

/**
 * Record the page from now on, or once it has loaded; return a function that stops it.
 *
 * `emit` receives rrweb events: a meta event and a full snapshot first, then changes. No error
 * reaches the page: each is given to `errorHandler`. One recording at a time.
 */
export function record(options: Options): Stop {
  const { emit, blockSelector = ":not(*)", sampling = {}, errorHandler = () => {} } = options;
  registerErrorHandler(errorHandler);
  ids.reset();
  const report = (type: number, data: object): void => emit({ type, data, timestamp: Date.now() });
  const changes = (source: number) => (change: object) =>
    report(INCREMENTAL, { source, ...change });
  const mutationCb: (mutations: Mutations) => void = changes(SOURCE.mutation);
  const scrollCb = changes(SOURCE.scroll);
  const stylesheetManager = new StylesheetManager({
    mutationCb,
    adoptedStyleSheetCb: changes(SOURCE.adoptedStyleSheets),
  });
  const iframeManager = new FrameManager({
    mirror: ids,
    stylesheetManager,
    mutationCb,
    observe: (doc) => observe(doc),
    left(doc) {
      context.shadowDomManager.removeShadowRootsIn(doc);
      ids.removeNodeFromMap(doc);
    },
  });
  const context = {
    mirror: ids,
    blockSelector,
    sampling,
    ignoreClass: "",
    slimDOMOptions: { headTitleMutations: true }, // titles are a signal of their own
    keepIframeSrcFn: () => false,
    processedNodeManager: new ProcessedNodeManager(),
    stylesheetManager,
    iframeManager,
  } as Omit<Context, "shadowDomManager"> as Context;
  const shadowDomManager = new ShadowDomManager({
    mutationCb,
    scrollCb,
    bypassOptions: context,
    mirror: ids,
  });
  context.shadowDomManager = shadowDomManager;
  const observe = (doc: Document): StopObserving =>
    callbackWrapper(observeDocument)({
      ...context,
      doc,
      mutationCb,
      scrollCb,
      mousemoveCb: (positions, source) => report(INCREMENTAL, { source, positions }),
      mouseInteractionCb: changes(SOURCE.interaction),
      viewportResizeCb: changes(SOURCE.resize),
      inputCb: changes(SOURCE.input),
      styleSheetRuleCb: changes(SOURCE.styleSheetRule),
      styleDeclarationCb: changes(SOURCE.styleDeclaration),
      customElementCb: changes(SOURCE.customElement),
    }) ?? (() => {});
  const snapshot = (): void => {
    report(META, { href: location.href, width: innerWidth, height: innerHeight });
    stylesheetManager.reset();
    shadowDomManager.init();
    for (const buffer of mutationBuffers) buffer.lock();
    const node = serializeNodeWithId(document, document, context);
    report(FULL_SNAPSHOT, { node, initialOffset: getWindowScroll(window) });
    for (const buffer of mutationBuffers) buffer.unlock();
    stylesheetManager.adoptStyleSheets(document.adoptedStyleSheets, ids.getId(document));
  };
  const stops: StopObserving[] = [];
  const begin = (): void => {
    snapshot();
    stops.push(observe(document));
    takeSnapshot = snapshot;
  };
  if (document.readyState === "loading") stops.push(on("load", begin, window));
  else begin();
  return () => {
    stops.forEach(runHandler);
    iframeManager.destroy();
    shadowDomManager.reset();
    takeSnapshot = undefined;
    unregisterErrorHandler();
  };
}

/** Emit a meta event and a full snapshot, if a recording runs. */
export function takeFullSnapshot(): void {
  takeSnapshot?.();
}

/** Return the id of a node in the events, -1 where it has none. */
export function idOf(node: Node | null): number {
  return ids.getId(node);
}
