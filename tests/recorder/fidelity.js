/**
 * What a visitor sees of a document, as lines of text that can be compared: `fidelity.lines`.
 *
 * The same function reads the live page and its replay. Of the live page it also hides what must
 * not leave it, by rules of its own that are simpler than the recorder's: the sites in `sites/`
 * have nothing private beyond them.
 */

window.fidelity = (() => {
  const MASK = "*****";
  const MARK = "data-step";
  // rrweb reports scrolls at most each 100 ms and offers nothing to wait on.
  const SCROLL_MS = 120;

  const LEFT_OUT = new Set(
    "head script noscript template style link meta base title object embed applet portal".split(
      " ",
    ),
  );
  const ATTRIBUTES = new Set(
    `class id type name role title alt placeholder href src srcset label for tabindex dir lang hidden
    disabled open multiple size rows cols colspan rowspan span width height draggable contenteditable
    slot part popover scope min max d points x y x1 x2 y1 y2 cx cy r rx ry viewBox transform fill stroke
    stroke-width offset stop-color pinned stars heading`.split(/\s+/),
  );
  const PRIVATE_ATTRIBUTES = new Set(
    `class type width height colspan rowspan rows cols size hidden disabled open dir role multiple`.split(
      " ",
    ),
  );
  // What the player says by a class: that it stands still, and where the pointer is.
  const PLAYERS_CLASSES = new Set(["rrweb-paused", ":hover"]);
  const BLANK = new Set(["video", "audio"]);
  const URLS = new Set(["href", "src", "srcset"]);
  const STYLES = `display visibility opacity position transform color background-color font-weight
    fill top`.split(/\s+/);
  const TEXT_TYPES = new Set(["text", "search", "email", "tel", "url", "password", "hidden"]);
  const LABEL_TYPES = new Set(["submit", "button", "reset"]);

  /** Return the lines of a document. `live` says that it is the page itself. */
  function lines(document, live) {
    const found = [];
    element(document.documentElement, { live, found, depth: 0, isPrivate: false, isPublic: false });
    return found;
  }

  function element(node, outer) {
    if (LEFT_OUT.has(node.localName)) return;
    const mark = node.getAttribute("data-private");
    const at = {
      ...outer,
      depth: outer.depth + 1,
      isPrivate: outer.isPrivate || (mark !== null && mark !== "false"),
      isPublic: outer.isPublic || node.hasAttribute("data-public"),
      isEditable: outer.isEditable || node.getAttribute("contenteditable") === "true",
    };
    const line = `${"  ".repeat(outer.depth)}<${node.localName}`;
    if (BLANK.has(node.localName)) {
      const { width, height } = node.getBoundingClientRect();
      outer.found.push(`${line} blank ${Math.round(width)}x${Math.round(height)}>`);
      return;
    }
    const parts = [...attributes(node, at), ...states(node, at), ...looks(node)];
    outer.found.push(`${line} ${parts.join(" ")}>`);
    if (node.shadowRoot) {
      outer.found.push(`${"  ".repeat(at.depth)}#shadow`);
      children(node.shadowRoot, { ...at, depth: at.depth + 1 });
    }
    if (node.localName === "iframe") {
      // That of another origin is empty in a replay.
      const shown = node.contentDocument;
      if (shown?.body?.hasChildNodes()) element(shown.documentElement, at);
    } else if (node.localName !== "textarea") {
      children(node, at);
    }
  }

  function children(parent, at) {
    let text = "";
    const flush = () => {
      if (text) at.found.push(`${"  ".repeat(at.depth)}${JSON.stringify(text)}`);
      text = "";
    };
    for (const node of parent.childNodes) {
      if (node.nodeType === 3) {
        const isHidden = at.live && (at.isPrivate || (at.isEditable && !at.isPublic));
        text += isHidden && node.data.trim() ? MASK : node.data;
      } else if (node.nodeType === 1 && !LEFT_OUT.has(node.localName)) {
        flush();
        element(node, at);
      }
    }
    flush();
  }

  function attributes(node, at) {
    const kept = [];
    for (const { name, value } of node.attributes) {
      if (name === MARK || name === "style") continue;
      if (name === "src" && node.localName === "iframe") continue;
      if (at.live && at.isPrivate && !PRIVATE_ATTRIBUTES.has(name)) continue;
      if (!ATTRIBUTES.has(name) && !/^(?:data|aria)-/.test(name)) continue;
      let told = value;
      if (name === "class") {
        told = value
          .split(/\s+/)
          .filter((one) => one && !PLAYERS_CLASSES.has(one))
          .join(" ");
        if (!told) continue;
      }
      if (at.live && URLS.has(name) && node.localName !== "use") told = address(value, node);
      told = told.replace(/^url\("?(.*?)"?\)$/, "url($1)");
      kept.push(`${name}=${JSON.stringify(told)}`);
    }
    const style = [...(node.style ?? [])]
      .map(
        (name) =>
          `${name}:${node.style.getPropertyValue(name)}${node.style.getPropertyPriority(name) && "!"}`,
      )
      .sort()
      .join(";")
      .replace(/url\("(.*?)"\)/g, (_, url) => `url("${new URL(url, node.baseURI)}")`);
    if (style) kept.push(`style=${JSON.stringify(style)}`);
    return kept.sort();
  }

  function address(value, node) {
    const url = new URL(value, node.baseURI);
    url.hash = /^#!?\//.test(url.hash) ? url.hash : "";
    return url.href;
  }

  /** What a control or a box is in, beside its attributes. */
  function states(node, at) {
    const kept = [];
    const { localName, type } = node;
    if (localName === "textarea" || (localName === "input" && TEXT_TYPES.has(type))) {
      const isShown = at.isPublic && !at.isPrivate && type !== "password";
      kept.push(`value=${JSON.stringify(at.live && !isShown && node.value ? MASK : node.value)}`);
    } else if (localName === "input" && LABEL_TYPES.has(type)) {
      kept.push(`value=${JSON.stringify(at.live && at.isPrivate ? "" : node.value)}`);
    } else if ((type === "checkbox" || type === "radio") && !(at.live && at.isPrivate)) {
      kept.push(`checked=${node.checked}`);
    } else if (localName === "progress" || localName === "meter") {
      kept.push(`value=${node.value}`);
    }
    if (node.matches(":popover-open")) kept.push("popped up");
    if (localName === "dialog" && node.matches("[open]:modal")) kept.push("modal");
    if (node.scrollTop || node.scrollLeft) {
      kept.push(`scrolled=${Math.round(node.scrollLeft)},${Math.round(node.scrollTop)}`);
    }
    return kept;
  }

  function looks(node) {
    // Which option of a list is chosen is masked, and its background tells.
    if (node.localName === "option") return [];
    const style = node.ownerDocument.defaultView.getComputedStyle(node);
    if (style.display === "none") return ["not shown"];
    const width = Number.parseFloat(style.width);
    return [
      ...STYLES.map((name) => `${name}:${style.getPropertyValue(name)}`),
      `width:${Number.isNaN(width) ? style.width : Math.round(width)}`,
    ];
  }

  /** Wait until nothing of the last interaction is still on its way. */
  async function settle() {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => setTimeout(resolve, SCROLL_MS));
    await Promise.all(document.getAnimations().map((animation) => animation.finished));
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  /** Return the live page's lines, and leave a mark in its stream of events that says: here. */
  function snap(step) {
    const found = lines(document, true);
    document.documentElement.setAttribute(MARK, step);
    return found;
  }

  return { lines, settle, snap };
})();
