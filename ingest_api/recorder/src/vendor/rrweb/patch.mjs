/**
 * Patch rrweb's built module, so that it imports our replacements and exports what these need.
 *
 * Three kinds of change, each in a place of its own: `fault_patches.mjs` mends faults,
 * `size_patches.mjs` saves bytes, and `replacements/` replaces whole declarations. Every pattern
 * must match as often as its `count` says, so that another version of rrweb fails the build instead
 * of losing a fix.
 */

import { createHash } from "node:crypto";
import { FAULT_PATCHES } from "./fault_patches.mjs";
import { SIZE_PATCHES } from "./size_patches.mjs";

/** @typedef {{ pattern: RegExp, replacement: string, count: number }} Edit */
/**
 * `upstream` names the issue or pull request of rrweb-io/rrweb, where there is one.
 * @typedef {{ name: string, upstream?: string, edits: Edit[] }} Patch
 */

/**
 * What the rest of rrweb calls of each replacement: rrweb's name, and ours where it differs.
 * @type {Record<string, Record<string, string>>}
 */
const IMPORTS = {
  "./replacements/accessors.ts": {
    src_default: "accessors",
    src_default$2: "accessors",
    getShadowHost: "getShadowHost",
    getWindowScroll: "getWindowScroll",
    hasShadowRoot: "hasShadowRoot",
    inDom: "inDom",
    isBlocked: "isBlocked",
    mutationObserverCtor: "mutationObserverCtor",
    nowTimestamp: "nowTimestamp",
  },
  "./replacements/snapshot.ts": { serializeNodeWithId: "serializeNodeWithId" },
  "./replacements/urls.ts": {
    absolutifyURLs: "absolutifyURLs",
    transformAttribute: "transformAttribute",
  },
};

// Declarations that only these call, or that nothing calls and bundlers keep for their effects.
const DROPPED = `
  IframeManager Mirror$2 StyleSheetMirror StylesheetManager _mirror absoluteToDoc
  getAbsoluteSrcsetString getHref getNestedCSSRulePositions getUntaintedPrototype
  initMouseInteractionObserver initObservers initStyleDeclarationObserver initStyleSheetObserver
  markCssSplits mirror record recording serializeElementNode serializeNode serializeTextNode
`
  .trim()
  .split(/\s+/);
// If they change in rrweb, compare them with their replacements anew.
const REPLACED_SHA256 = "46d8dd3250d69d180d43a23366064e7e90a2613271c2179a4a42d7f9783d8195";

// What the replacements import, with types in rrweb.d.ts.
const EXPORTS = `
  ProcessedNodeManager ShadowDomManager URL_IN_CSS_REF callbackWrapper genId getEventTarget
  getIdAndStyleId getValidTagName$1 initAdoptedStyleSheetObserver initCustomElementObserver
  initInputObserver initMoveObserver initMutationObserver initScrollObserver
  initViewportResizeObserver isShadowRoot mutationBuffers on onceIframeLoaded onceStylesheetLoaded
  registerErrorHandler runHandler stringifyRule stringifyStylesheet unregisterErrorHandler
`
  .trim()
  .split(/\s+/);

/** @type {Patch} */
const CALLS = {
  name: "calls of replaced functions",
  edits: [
    {
      pattern: /(?<=const sn = )serializeNodeWithId\(n, \{\n[\s\S]*?\n\t{3}\}\)/g,
      replacement: "serializeNodeWithId(n, this.doc, this, true, cssCaptured)",
      count: 1,
    },
  ],
};

/** Every patch, in the order in which they are applied. */
export const PATCHES = [CALLS, ...FAULT_PATCHES, ...SIZE_PATCHES];

/**
 * Return the patched recorder as an ES module, whose imports are relative to this folder.
 *
 * @param {string} module rrweb/dist/rrweb.js
 * @param {string[]} without names of patches to leave out, to see that they are still needed
 * @throws {Error} rrweb has changed where it is patched, or no patch has such a name
 */
export function patchRecorder(module, without = []) {
  for (const name of without) {
    if (!PATCHES.some((patch) => patch.name === name)) throw new Error(`no patch named "${name}"`);
  }
  let text = dropReplaced(dropIndex(module));
  for (const { name, edits } of PATCHES) {
    if (without.includes(name)) continue;
    for (const { pattern, replacement, count } of edits) {
      const matches = text.match(pattern)?.length ?? 0;
      if (matches !== count) {
        throw new Error(`rrweb has changed: "${name}" matches ${matches} times, not ${count}`);
      }
      text = text.replace(pattern, replacement);
    }
  }
  const imports = Object.entries(IMPORTS).map(([path, names]) => {
    const specifiers = Object.entries(names).map(([theirs, ours]) => `${ours} as ${theirs}`);
    return `import { ${specifiers.join(", ")} } from "${path}";\n`;
  });
  return `${imports.join("")}${text}\nexport { ${EXPORTS.join(", ")} };\n`;
}

/**
 * Drop rrweb's own exports: the last section of its module.
 * @param {string} module
 */
function dropIndex(module) {
  const start = module.indexOf("\n// src/index.ts\n");
  if (start < 0) throw new Error("rrweb has changed: its module has no section of its index");
  return module.slice(0, start + 1);
}

/**
 * Drop each top-level declaration that is replaced, in every copy: bundling numbers them.
 * @param {string} module
 */
function dropReplaced(module) {
  /** @type {string[]} */
  const dropped = [];
  let text = module;
  for (const name of [...Object.values(IMPORTS).flatMap(Object.keys), ...DROPPED]) {
    const head = `^(?:function|var) ${name.replace(/\$/g, "\\$")}(?:\\$\\d)?(?=[ (;])`;
    const whole = new RegExp(`${head}[\\s\\S]*?(?=^(?:function|var|export|//|/\\*\\*))`, "gm");
    dropped.push(...(text.match(whole) ?? []));
    text = text.replace(whole, "");
  }
  const sha256 = createHash("sha256").update(dropped.sort().join("")).digest("hex");
  if (sha256 !== REPLACED_SHA256) {
    throw new Error(`rrweb has changed in what is replaced: SHA-256 ${sha256}`);
  }
  return text;
}
