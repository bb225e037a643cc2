/**
 * The browser's own DOM accessors, even where the page has overridden them.
 *
 * Replaces rrweb's `src_default`, which looks each accessor up at each call.
 */

const GETTERS: Record<string, string> = {
  Node: "childNodes firstChild lastChild nextSibling parentElement parentNode previousSibling textContent",
  ShadowRoot: "host",
  Element: "shadowRoot",
};
const FRAME_STAYS = /^(?!.*Chrome).*Safari/; // objects of a removed frame stop working in Safari

interface Accessors {
  childNodes(node: Node): NodeListOf<ChildNode>;
  firstChild(node: Node): ChildNode | null;
  lastChild(node: Node): ChildNode | null;
  nextSibling(node: Node): ChildNode | null;
  parentElement(node: Node): HTMLElement | null;
  parentNode(node: Node): ParentNode | null;
  previousSibling(node: Node): ChildNode | null;
  textContent(node: Node): string | null;
  host(node: Node | null): Element | null;
  shadowRoot(node: Node | null): ShadowRoot | null;
}

/** The global object, as far as its constructors are looked up by name. */
type Realm = Record<string, { prototype: object } | undefined> & {
  Zone?: { __symbol__?: (name: string) => string };
};

let cleanFrame: HTMLIFrameElement | undefined;

/** Return the prototype of a global class, from an empty frame if the page has changed it. */
function untaintedPrototype(name: string): object {
  const realm = window as unknown as Realm;
  // Angular's Zone runs its change detection after each callback of its own MutationObserver.
  const own = (realm[realm.Zone?.__symbol__?.(name) ?? ""] ?? realm[name])?.prototype ?? {};
  const isNative = (fn: unknown) => /\[native code]/.test(String(fn));
  const isOwn = GETTERS[name]
    ? GETTERS[name].split(" ").every((property) => isNative(getter(own, property)))
    : isNative(own.constructor);
  if (isOwn) return own;
  try {
    if (!cleanFrame?.isConnected) {
      cleanFrame = document.createElement("iframe");
      cleanFrame.style.display = "none";
      cleanFrame.dataset.private = "block";
      document.body.append(cleanFrame);
    }
    const clean = (cleanFrame.contentWindow as unknown as Realm)[name]?.prototype;
    if (!FRAME_STAYS.test(navigator.userAgent)) cleanFrame.remove();
    return clean ?? own;
  } catch {
    return own;
  }
}

function getter(prototype: object, property: string): (() => unknown) | undefined {
  return Object.getOwnPropertyDescriptor(prototype, property)?.get;
}

/** Return a function that reads a property, found when it is first called. */
function accessor(name: string, property: string): (node: Node) => unknown {
  let get: (() => unknown) | undefined;
  return (node) => {
    get ??= getter(untaintedPrototype(name), property);
    return get?.call(node);
  };
}

const built: Record<string, (node: Node) => unknown> = {};
for (const name in GETTERS) {
  for (const property of (GETTERS[name] ?? "").split(" ")) {
    built[property] = accessor(name, property);
  }
}
export const accessors = built as unknown as Accessors;
const { host, shadowRoot } = accessors;
accessors.host = (node) => (node && "host" in node ? host(node) : null);
accessors.shadowRoot = (node) => (node && "shadowRoot" in node ? shadowRoot(node) : null);

/** Return an element's shadow root. `element` is known to be an element. */
export const elementShadowRoot = shadowRoot;

export function hasShadowRoot(node: Node): boolean {
  return accessors.shadowRoot(node) !== null;
}

export function getShadowHost(node: Node): Element | null {
  return accessors.host(node.getRootNode());
}

export function inDom(node: Node): boolean {
  return node.isConnected;
}

/** Return the browser's MutationObserver, and a function that releases it: nothing to do. */
export function mutationObserverCtor(): [unknown, () => void] {
  return [untaintedPrototype("MutationObserver").constructor, () => {}];
}

// Called on elements as functions, so that no control's name can hide them in its form.
export const { closest, getAttribute, getAttributeNames, matches } = Element.prototype;

/**
 * Return whether a node, or with `checkAncestors` an element around it, matches the selector.
 *
 * The second parameter is rrweb's class that blocks: none does here.
 */
export function isBlocked(
  node: Node | null,
  _blockClass: unknown,
  selector: string,
  checkAncestors: boolean,
): boolean {
  const element = node?.nodeType === 1 ? (node as Element) : node && accessors.parentElement(node);
  if (!element) return false;
  return checkAncestors
    ? closest.call(element, selector) !== null
    : matches.call(element, selector);
}

/** Return the scroll position of a window, in CSS pixels. */
export function getWindowScroll(win: Window): { left: number; top: number } {
  return { left: win.pageXOffset, top: win.pageYOffset };
}

/** Return the browser's clock, in ms since the Unix epoch. */
export function nowTimestamp(): number {
  return Date.now();
}
