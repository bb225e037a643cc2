/** Name an element for people: a selector-like path, and its label. */

const ANCESTORS_MAX = 4; // more says where on the page, not which element
const CLASSES_MAX = 2;
const PATH_CHARS_MAX = 300;
// Longer than the final limit: a secret cut in half before masking would match no pattern.
const TEXT_CHARS_MAX = 240;

// What a person wrote: it is the same at the next visit and in the next build.
const NAME = /^[a-z][\w-]{0,39}$/i;
const GENERATED = /\d{3}|\d\D+\d|^(css|sc|jss)-|__.{5}$|^[a-z]{1,2}[A-Z]\w{1,5}$/;

export const EDITABLE =
  "[contenteditable]:not([contenteditable=false]),[role=textbox],[role=searchbox]";
const CONTROLS = `a[*|href],area,button,input,select,textarea,option,summary,${EDITABLE},[role$=button],[role$=box],[role^=menuitem],[role=link],[role=tab],[role=option],[role=switch],[role=radio],[role=slider],[role=treeitem]`;
export const PRIVATE = "[data-private]:not([data-private=false])";
const UNREADABLE = `input,select,textarea,script,style,noscript,template,${EDITABLE},${PRIVATE}`;

// A form's own `parentNode` is one of its fields if that has such a name, and climbing never ends.
const parentNode = Object.getOwnPropertyDescriptor(Node.prototype, "parentNode")?.get;

/** The parent, or the host where a shadow root ends. */
export function parentOf(element: Element): Element | null {
  const parent: unknown = parentNode?.call(element);
  return parent instanceof ShadowRoot ? parent.host : parent instanceof Element ? parent : null;
}

/** The nearest of the element and its ancestors, shadow hosts included, that matches. */
export function nearest(element: Element | null, selector: string): Element | null {
  for (let at = element; at; at = parentOf(at)) if (at.matches(selector)) return at;
  return null;
}

/** The control that the element is or belongs to. */
export function controlOf(element: Element): Element | null {
  return nearest(element, CONTROLS);
}

/** Return something like `main > form#pay > button.primary`. */
export function pathOf(element: Element): string {
  let path = "";
  let at: Element | null = element;
  for (let depth = 0; at && depth <= ANCESTORS_MAX; depth++) {
    const name = nameOf(at);
    path = name + path;
    if (name.includes("#")) break;
    const parent = parentOf(at);
    if (parent && depth < ANCESTORS_MAX) path = (at.parentElement ? " > " : " >>> ") + path;
    at = parent;
  }
  return path.slice(-PATH_CHARS_MAX);
}

function nameOf(element: Element): string {
  const tag = element.localName;
  const id = element.getAttribute("id");
  if (isStable(id)) return `${tag}#${id}`;
  for (const attribute of ["data-testid", "name", "role"]) {
    const value = element.getAttribute(attribute);
    if (isStable(value)) return `${tag}[${attribute}="${value}"]`;
  }
  return [tag, ...[...element.classList].filter(isStable).slice(0, CLASSES_MAX)].join(".");
}

function isStable(name: string | null): name is string {
  return !!name && NAME.test(name) && !GENERATED.test(name);
}

/** Return the label of what was clicked; of form fields and private parts nothing. */
export function textOf(element: Element): string {
  const top = controlOf(element) ?? element;
  if (nearest(top, UNREADABLE)) return "";
  const walker = document.createTreeWalker(top, 5 /* elements and text */, (node) =>
    node instanceof Element && node.matches(UNREADABLE) ? 2 /* not what is in it */ : 1,
  );
  let text = "";
  while (text.length < TEXT_CHARS_MAX && walker.nextNode()) {
    const { data } = walker.currentNode as Text;
    if (data) text = `${text} ${data.slice(0, TEXT_CHARS_MAX)}`.replace(/\s+/g, " ");
  }
  return text.slice(0, TEXT_CHARS_MAX).trim();
}
