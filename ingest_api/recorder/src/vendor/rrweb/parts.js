/**
 * The parts of rrweb's recorder that are written anew: each takes the place of what bears its name
 * in rrweb's module (see patch.mjs), and calls what is left there. What is exported is
 * called by rrweb alone.
 *
 * They give rrweb's events, for the one set of options that this recorder has. What a node costs
 * counts most: the first snapshot of a large page must not be felt.
 */

// ---- The browser's own accessors, whatever the page has put in their place.

const TRUSTED = {
  Node: "childNodes firstChild lastChild nextSibling parentElement parentNode previousSibling textContent",
  ShadowRoot: "host",
  Element: "shadowRoot",
};
const FRAME_STAYS = /^(?!.*Chrome).*Safari/; // where a removed frame's objects stop to work

let cleanFrame;

function getUntaintedPrototype(key) {
  // Of Angular's Zone, which runs its change detection after each callback of an observer.
  const own = (window[window.Zone?.__symbol__?.(key)] || window[key]).prototype;
  const isNative = (fn) => /\[native code]/.test(fn);
  const isOwn = TRUSTED[key]
    ? TRUSTED[key].split(" ").every((name) => isNative(getter(own, name)))
    : isNative(own.constructor);
  if (isOwn) return own;
  try {
    if (!cleanFrame?.isConnected) {
      cleanFrame = document.createElement("iframe");
      cleanFrame.style.display = "none";
      cleanFrame.dataset.private = "block";
      document.body.append(cleanFrame);
    }
    const clean = cleanFrame.contentWindow[key].prototype;
    if (!FRAME_STAYS.test(navigator.userAgent)) cleanFrame.remove();
    return clean;
  } catch {
    return own;
  }
}

function getter(prototype, name) {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get;
}

function trusted(key, name) {
  let get;
  return (n) => {
    get ??= getter(getUntaintedPrototype(key), name);
    return get.call(n);
  };
}

const src_default = {};
export const src_default$2 = src_default;
for (const key in TRUSTED) {
  for (const name of TRUSTED[key].split(" ")) src_default[name] = trusted(key, name);
}
const { host: hostOf, shadowRoot: shadowRootOf } = src_default;
src_default.host = (n) => (n && "host" in n ? hostOf(n) : null);
src_default.shadowRoot = (n) => (n && "shadowRoot" in n ? shadowRootOf(n) : null);

export function mutationObserverCtor() {
  return [getUntaintedPrototype("MutationObserver").constructor, () => {}];
}

// ---- Nodes and their ids. Of a node nothing else is kept, and no node is kept alive.

class Mirror$2 {
  #known = new Set();
  #ids = new WeakMap();
  getId(n) {
    return this.#ids.get(n) ?? -1;
  }
  has(id) {
    return this.#known.has(id);
  }
  hasNode(n) {
    return this.#ids.has(n);
  }
  add(n, { id }) {
    this.#known.add(id);
    this.#ids.set(n, id);
  }
  removeNodeFromMap(n) {
    this.#known.delete(this.getId(n));
    for (const part of src_default.childNodes(n)) this.removeNodeFromMap(part);
    const root = src_default.shadowRoot(n);
    if (root) this.removeNodeFromMap(root);
  }
  reset() {
    this.#known = new Set();
    this.#ids = new WeakMap();
  }
}

const mirror = new Mirror$2();

// Called so that no control's name can hide them in its form.
const { closest, getAttribute, getAttributeNames, matches } = Element.prototype;

/** Whether `node`, or what is around it, matches the selector. No class blocks here. */
function isBlocked(node, _blockClass, blockSelector, checkAncestors) {
  const element = node?.nodeType === 1 ? node : node && src_default.parentElement(node);
  if (!element) return false;
  return checkAncestors
    ? closest.call(element, blockSelector) !== null
    : matches.call(element, blockSelector);
}

export function inDom(n) {
  return n.isConnected;
}

export function hasShadowRoot(n) {
  return src_default.shadowRoot(n) !== null;
}

export function getShadowHost(n) {
  return src_default.host(n.getRootNode());
}

// ---- Addresses.

function getHref(doc, url) {
  try {
    return new URL(url, doc.baseURI).href;
  } catch {
    return url;
  }
}

function absoluteToDoc(doc, url) {
  return url.trim() && !/^(?:blob:|data:|https?:\/\/)/.test(url) ? getHref(doc, url) : url;
}

function getAbsoluteSrcsetString(doc, value) {
  return value.replace(/([^\s,](?:\S*[^\s,])?)((?:\s[^,]*)?)/g, (_, url, size) => {
    return absoluteToDoc(doc, url) + size;
  });
}

function absolutifyURLs(css, baseURI) {
  if (!css?.includes("url(")) return css || "";
  return css.replace(URL_IN_CSS_REF, (all, quote1, path1, quote2, path2, path3) => {
    const path = path1 || path2 || path3;
    const quote = quote1 || quote2 || "";
    if (!path || /^(?:[a-z+]+:)?\/\/|^www\.|^data:|^blob:|^#/i.test(path)) return all;
    return `url(${quote}${getHref({ baseURI }, path)}${quote})`;
  });
}

function transformAttribute(doc, tagName, name, value) {
  if (!value) return value;
  switch (name) {
    case "href":
      return tagName === "use" && value[0] === "#" ? value : absoluteToDoc(doc, value);
    case "xlink:href":
      return value[0] === "#" ? value : absoluteToDoc(doc, value);
    case "src":
    case "background":
      return absoluteToDoc(doc, value);
    case "srcset":
      return getAbsoluteSrcsetString(doc, value);
    case "style":
      return absolutifyURLs(value, doc.baseURI);
    default:
      return value;
  }
}

// ---- Style sheets.

class StyleSheetMirror {
  #last = 0;
  #ids = new WeakMap();
  getId(sheet) {
    return this.#ids.get(sheet) ?? -1;
  }
  has(sheet) {
    return this.#ids.has(sheet);
  }
  add(sheet) {
    this.#ids.set(sheet, ++this.#last);
    return this.#last;
  }
  reset() {
    this.#ids = new WeakMap();
    this.#last = 0;
  }
}

class StylesheetManager {
  styleMirror = new StyleSheetMirror();
  #o;
  constructor(options) {
    this.#o = options;
  }
  attachLinkElement(_, { id, attributes }) {
    if (attributes._cssText === undefined) return;
    this.#o.mutationCb({ adds: [], removes: [], texts: [], attributes: [{ id, attributes }] });
  }
  adoptStyleSheets(sheets, id) {
    const known = this.styleMirror;
    if (!sheets?.length) return;
    const styles = [];
    const styleIds = Array.prototype.map.call(sheets, (sheet) => {
      if (known.has(sheet)) return known.getId(sheet);
      const styleId = known.add(sheet);
      const rules = [...sheet.cssRules].map((rule, index) => {
        return { rule: stringifyRule(rule, sheet.href), index };
      });
      styles.push({ styleId, rules });
      return styleId;
    });
    this.#o.adoptedStyleSheetCb({ id, styleIds, ...(styles.length && { styles }) });
  }
  reset() {
    this.styleMirror.reset();
  }
}

/**
 * Mark in `css` where the texts of one style element meet, as far as each is of whole rules: one of
 * them may change.
 */
function markCssSplits(css, style) {
  const texts = Array.from(src_default.childNodes(style), src_default.textContent);
  if (texts.length < 2) return css;
  try {
    const { cssRules } = style.sheet;
    let at = 0;
    const parts = texts.map((text) => {
      const one = new CSSStyleSheet();
      one.replaceSync(text);
      const from = at;
      at += one.cssRules.length;
      const rules = Array.from(cssRules).slice(from, at);
      return stringifyStylesheet({ cssRules: rules, href: style.baseURI });
    });
    if (at === cssRules.length) return parts.join("/* rr_split */");
  } catch {}
  return css;
}

// ---- A node, as the replay has it.

/** What the replay is not shown, and the sanitizer would not let go. */
function isLeftOut(n, tagName, isInHead) {
  if (n.nodeType === 8) return true;
  if (n.nodeType === 3) return isInHead && !src_default.textContent(n).trim();
  if (tagName === "link") return n.rel && n.as !== "style" && !/stylesheet/i.test(n.rel);
  return /^(?:script|noscript|meta|base)$/.test(tagName);
}

/**
 * Return `n` and, unless it `isNew` (then each of its nodes is a mutation of its own), all that is
 * in it. What it has no node for is null.
 */
function serializeNodeWithId(n, doc, context, isNew, isCssTaken, isInHead) {
  const { mirror } = context;
  const tagName = n.nodeType === 1 && getValidTagName$1(n);
  let id = mirror.getId(n);
  if (id === -1) id = isLeftOut(n, tagName, isInHead) ? -2 : genId();
  const sn = id === -2 ? { id } : serializeNode(n, tagName, doc, context, isNew, isCssTaken);
  if (!sn) return null;
  sn.id = id;
  mirror.add(n, sn);
  if (id === -2) return null;
  const docId = mirror.getId(doc);
  if (docId > 1 && n !== doc) sn.rootId = docId;
  if (isNew && isShadowRoot(src_default.parentNode(n))) sn.isShadow = true;
  if (!sn.childNodes) return sn;

  const { needBlock, attributes } = sn;
  delete sn.needBlock;
  const root = tagName && shadowRootOf(n);
  if (root) {
    context.shadowDomManager.addShadowRoot(root, doc);
    sn.isShadowHost = true;
  }
  if (needBlock) return sn;
  if (!isNew) {
    const isHead = isInHead || tagName === "head";
    const isTaken = attributes?._cssText !== undefined;
    const add = (parent, isShadow) => {
      for (let one = src_default.firstChild(parent); one; one = src_default.nextSibling(one)) {
        const child = serializeNodeWithId(one, doc, context, false, isTaken, isHead);
        if (!child) continue;
        if (isShadow) child.isShadow = true;
        sn.childNodes.push(child);
      }
    };
    if (tagName !== "textarea" || attributes.value === undefined) add(n, false);
    if (root) add(root, true);
  }
  if (tagName === "iframe") whenFrameIsThere(n, context);
  if (tagName === "link" && attributes._cssText === undefined) {
    const loaded = callbackWrapper(() => {
      const again = serializeNodeWithId(n, doc, context);
      if (again) context.stylesheetManager.attachLinkElement(n, again);
    });
    onceStylesheetLoaded(n, loaded, 5_000);
  }
  return sn;
}

function whenFrameIsThere(frame, context) {
  const loaded = callbackWrapper(() => {
    const doc = frame.contentDocument;
    if (!doc) return;
    context.iframeManager.attachIframe(frame, serializeNodeWithId(doc, doc, context));
    context.shadowDomManager.observeAttachShadow(frame);
  });
  onceIframeLoaded(frame, loaded, 5_000);
}

function serializeNode(n, tagName, doc, context, isNew, isCssTaken) {
  switch (n.nodeType) {
    case 1:
      return serializeElementNode(n, tagName, doc, context, isNew);
    case 3:
      return { type: 3, textContent: isCssTaken ? "" : serializeTextNode(n, doc) };
    case 4:
      return { type: 4, textContent: "" };
    case 9: {
      const sn = { type: 0, childNodes: [] };
      if (n.compatMode !== "CSS1Compat") sn.compatMode = n.compatMode;
      return sn;
    }
    case 10:
      return { type: 1, name: n.name, publicId: n.publicId, systemId: n.systemId };
    default:
      return null;
  }
}

function serializeTextNode(n, doc) {
  const text = src_default.textContent(n);
  if (src_default.parentNode(n)?.nodeName !== "STYLE") return text;
  return absolutifyURLs(text, doc.baseURI);
}

function serializeElementNode(n, tagName, doc, { blockSelector }, isNew) {
  const sn = { type: 2, tagName, attributes: {}, childNodes: [] };
  const { attributes } = sn;
  if (tagName === "svg" || n.ownerSVGElement) sn.isSVG = true;
  if (tagName.includes("-") && customElements?.get(tagName)) sn.isCustom = true;
  if (isBlocked(n, null, blockSelector, false)) {
    const { width, height } = n.getBoundingClientRect();
    const name = getAttribute.call(n, "class");
    if (name !== null) attributes.class = name;
    attributes.rr_width = `${width}px`;
    attributes.rr_height = `${height}px`;
    sn.needBlock = true;
    return sn;
  }
  for (const name of getAttributeNames.call(n)) {
    attributes[name] = transformAttribute(doc, tagName, name, getAttribute.call(n, name));
  }
  switch (tagName) {
    case "link":
    case "style": {
      const css = n.sheet && stringifyStylesheet(n.sheet);
      if (!css) break;
      if (tagName === "style") attributes._cssText = markCssSplits(css, n);
      else {
        delete attributes.rel;
        delete attributes.href;
        attributes._cssText = css;
      }
      break;
    }
    case "input":
    case "textarea":
    case "select":
      if (!/^(?:radio|checkbox|submit|button)$/.test(n.type) && n.value) attributes.value = n.value;
      else if (n.checked) attributes.checked = true;
      break;
    case "option":
      if (n.selected) attributes.selected = true;
      else delete attributes.selected;
      break;
    case "dialog":
      if (n.open) attributes.rr_open_mode = n.matches("dialog:modal") ? "modal" : "non-modal";
      break;
    case "iframe":
      if (!n.contentDocument) attributes.rr_src = attributes.src;
      delete attributes.src;
  }
  if (!isNew && !n.ownerSVGElement) {
    if (n.scrollLeft) attributes.rr_scrollLeft = n.scrollLeft;
    if (n.scrollTop) attributes.rr_scrollTop = n.scrollTop;
  }
  return sn;
}

// ---- What is observed.

function getNestedCSSRulePositions(rule) {
  const positions = [];
  for (let one = rule; one; one = one.parentRule) {
    const home = one.parentRule ?? one.parentStyleSheet;
    if (home) positions.unshift(Array.from(home.cssRules).indexOf(one));
  }
  return positions;
}

/** Tell of each call of `owner[name]` before it is done; what it gives or throws stays its own. */
function spy(owner, name, tell) {
  const original = owner?.[name];
  if (!original) return () => {};
  owner[name] = new Proxy(original, {
    apply(_, self, args) {
      callbackWrapper(tell)(self, args);
      return Reflect.apply(original, self, args);
    },
  });
  return () => {
    owner[name] = original;
  };
}

function initStyleSheetObserver({ styleSheetRuleCb, mirror, stylesheetManager }, { win }) {
  const tell = (sheet, change) => {
    const ids = getIdAndStyleId(sheet, mirror, stylesheetManager.styleMirror);
    if (ids.id > 0 || ids.styleId > 0) styleSheetRuleCb({ ...ids, ...change });
  };
  const sheet = win.CSSStyleSheet?.prototype;
  const group = win.CSSGroupingRule?.prototype;
  const stops = [
    spy(sheet, "insertRule", (self, [rule, index]) => tell(self, { adds: [{ rule, index }] })),
    spy(sheet, "addRule", (self, [selector, css, index = self.cssRules.length]) => {
      tell(self, { adds: [{ rule: `${selector} { ${css} }`, index }] });
    }),
    spy(sheet, "deleteRule", (self, [index]) => tell(self, { removes: [{ index }] })),
    spy(sheet, "removeRule", (self, [index]) => tell(self, { removes: [{ index }] })),
    spy(sheet, "replace", (self, [replace]) => tell(self, { replace })),
    spy(sheet, "replaceSync", (self, [replaceSync]) => tell(self, { replaceSync })),
    spy(group, "insertRule", (self, [rule, index]) => {
      const place = [...getNestedCSSRulePositions(self), index || 0];
      tell(self.parentStyleSheet, { adds: [{ rule, index: place }] });
    }),
    spy(group, "deleteRule", (self, [index]) => {
      const place = [...getNestedCSSRulePositions(self), index];
      tell(self.parentStyleSheet, { removes: [{ index: place }] });
    }),
  ];
  return () => stops.forEach(runHandler);
}

function initStyleDeclarationObserver({ styleDeclarationCb, mirror, stylesheetManager }, { win }) {
  const tell = ({ parentRule }, change) => {
    const sheet = parentRule?.parentStyleSheet; // none of an element's own style
    if (!sheet) return;
    const ids = getIdAndStyleId(sheet, mirror, stylesheetManager.styleMirror);
    if (!(ids.id > 0 || ids.styleId > 0)) return;
    styleDeclarationCb({ ...ids, ...change, index: getNestedCSSRulePositions(parentRule) });
  };
  const style = win.CSSStyleDeclaration.prototype;
  const stops = [
    spy(style, "setProperty", (self, [property, value, priority]) => {
      tell(self, { set: { property, value, priority } });
    }),
    spy(style, "removeProperty", (self, [property]) => tell(self, { remove: { property } })),
  ];
  return () => stops.forEach(runHandler);
}

// The place of each is its number. What a mouse does not do alone is heard as a pointer.
const INTERACTIONS =
  "pointerup pointerdown click contextmenu dblclick focus blur touchstart - touchend touchcancel";

function initMouseInteractionObserver({ mouseInteractionCb, doc, mirror, blockSelector }) {
  const TOUCH = 2;
  let lastPointer = -1;
  const tell = (kind) => (event) => {
    const target = getEventTarget(event);
    if (isBlocked(target, null, blockSelector, true)) return;
    const touch = event.changedTouches?.[0];
    let pointerType = touch ? TOUCH : ["mouse", "pen", "touch"].indexOf(event.pointerType);
    let type = kind;
    if (pointerType === TOUCH && kind < 2) type = kind ? 7 : 9;
    if (pointerType >= 0) {
      lastPointer = pointerType;
      // The kind says it.
      if (pointerType === (type > 6 ? TOUCH : type < 2 ? 0 : -1)) pointerType = -1;
    } else if (kind === 2) {
      pointerType = lastPointer;
      lastPointer = -1;
    }
    const { clientX: x, clientY: y } = touch ?? event;
    const more = pointerType >= 0 && { pointerType };
    mouseInteractionCb({ type, id: mirror.getId(target), x, y, ...more });
  };
  const stops = INTERACTIONS.split(" ").map((name, kind) => {
    return /^touch[se]|-/.test(name) ? () => {} : on(name, callbackWrapper(tell(kind)), doc);
  });
  return () => stops.forEach(runHandler);
}

function initObservers(o) {
  const win = o.doc.defaultView;
  if (!win) return () => {};
  const stops = [
    initMutationObserver(o, o.doc),
    initMoveObserver(o),
    initMouseInteractionObserver(o),
    initScrollObserver(o),
    initViewportResizeObserver(o, { win }),
    initInputObserver(o),
    initStyleSheetObserver(o, { win }),
    initAdoptedStyleSheetObserver(o, o.doc),
    initStyleDeclarationObserver(o, { win }),
    initCustomElementObserver(o),
  ];
  return () => stops.forEach(runHandler);
}

/** The frames of this origin. */
class IframeManager {
  #stops = new Map();
  #o;
  constructor(options) {
    this.#o = options;
  }
  attachIframe(frame, node) {
    const { mirror, mutationCb, observe, stylesheetManager, left } = this.#o;
    const adds = [{ parentId: mirror.getId(frame), nextId: null, node }];
    mutationCb({ adds, removes: [], texts: [], attributes: [], isAttachIframe: true });
    const { contentWindow, contentDocument } = frame;
    if (!this.#stops.has(contentDocument)) {
      const stops = [observe(contentDocument)];
      const stop = () => {
        this.#stops.delete(contentDocument);
        stops.forEach(runHandler);
      };
      this.#stops.set(contentDocument, stop);
      const gone = ({ persisted }) => {
        if (persisted) return;
        stop();
        left(contentDocument);
      };
      stops.push(on("pagehide", callbackWrapper(gone), contentWindow));
    }
    stylesheetManager.adoptStyleSheets(
      contentDocument.adoptedStyleSheets,
      mirror.getId(contentDocument),
    );
  }
  destroy() {
    this.#stops.forEach(runHandler);
  }
}

// ---- The recording itself.

let snapshotAll;

// What is left of rrweb reads them: nothing is ignored by a class, titles are a signal of their
// own, and no frame of another origin is recorded.
const UNUSED_OPTIONS = {
  ignoreClass: "",
  slimDOMOptions: { headTitleMutations: true },
  keepIframeSrcFn: () => false,
};

export function nowTimestamp() {
  return Date.now();
}

function record({ emit, blockSelector = ":not(*)", sampling = {}, errorHandler: handler }) {
  errorHandler = handler;
  mirror.reset();
  const tell = (type, data) => emit({ type, data, timestamp: Date.now() });
  const changes = (source) => (change) => tell(3, { source, ...change });
  const mutationCb = changes(0);
  const scrollCb = changes(3);
  const context = { ...UNUSED_OPTIONS, mirror, blockSelector, sampling };
  context.processedNodeManager = new ProcessedNodeManager();
  context.stylesheetManager = new StylesheetManager({
    mutationCb,
    adoptedStyleSheetCb: changes(15),
  });
  context.iframeManager = new IframeManager({
    ...context,
    mutationCb,
    observe: (doc) => observe(doc),
    left(doc) {
      context.shadowDomManager.removeShadowRootsIn(doc);
      mirror.removeNodeFromMap(doc);
    },
  });
  context.shadowDomManager = new ShadowDomManager({
    mutationCb,
    scrollCb,
    bypassOptions: context,
    mirror,
  });
  const { shadowDomManager, stylesheetManager } = context;
  const observe = (doc) =>
    callbackWrapper(initObservers)({
      ...context,
      doc,
      mutationCb,
      scrollCb,
      mousemoveCb: (positions, source) => tell(3, { source, positions }),
      mouseInteractionCb: changes(2),
      viewportResizeCb: changes(4),
      inputCb: changes(5),
      styleSheetRuleCb: changes(8),
      styleDeclarationCb: changes(13),
      customElementCb: changes(16),
    });
  const snapshot = () => {
    tell(4, { href: location.href, width: innerWidth, height: innerHeight });
    stylesheetManager.reset();
    shadowDomManager.init();
    for (const buffer of mutationBuffers) buffer.lock();
    const node = serializeNodeWithId(document, document, context);
    tell(2, { node, initialOffset: getWindowScroll(window) });
    for (const buffer of mutationBuffers) buffer.unlock();
    stylesheetManager.adoptStyleSheets(document.adoptedStyleSheets, mirror.getId(document));
  };
  const stops = [];
  const begin = () => {
    snapshot();
    stops.push(observe(document));
    snapshotAll = snapshot;
  };
  if (document.readyState === "loading") stops.push(on("load", begin, window));
  else begin();
  return () => {
    stops.forEach(runHandler);
    context.iframeManager.destroy();
    shadowDomManager.reset();
    snapshotAll = undefined;
    errorHandler = undefined;
  };
}

record.mirror = mirror;
record.takeFullSnapshot = () => {
  snapshotAll?.();
};

function getWindowScroll(win) {
  return { left: win.pageXOffset, top: win.pageYOffset };
}
