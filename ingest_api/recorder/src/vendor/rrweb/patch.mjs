/**
 * Extract rrweb's recorder from its built module, patch it, and put our replacements in front.
 *
 * Three kinds of change, each in a file of its own: `fault_patches.mjs` mends faults,
 * `size_patches.mjs` saves bytes, and `parts.js` replaces whole declarations. Every pattern must
 * match as often as its `count` says, so that another version of rrweb fails the build instead of
 * losing a fix.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { FAULT_PATCHES } from "./fault_patches.mjs";
import { SIZE_PATCHES } from "./size_patches.mjs";

/** @typedef {{ pattern: RegExp, replacement: string, count: number }} Edit */
/**
 * `upstream` names the issue or pull request of rrweb-io/rrweb, where there is one.
 * @typedef {{ name: string, upstream?: string, edits: Edit[] }} Patch
 */

const PARTS = readFileSync(new URL("./parts.js", import.meta.url), "utf8").replace(
  /^export /gm,
  "",
);
// The declarations of rrweb that parts.js replaces: if they change there, compare them anew.
const REPLACED_SHA256 = "46d8dd3250d69d180d43a23366064e7e90a2613271c2179a4a42d7f9783d8195";
// Top-level statements that nothing calls, and that bundlers keep for their side effects.
const UNUSED = ["_mirror", "recording"];

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
 * Return the patched recorder as an ES module that exports `record`.
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
  return `${PARTS}${text}\nexport { record };\n`;
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
 * Drop each top-level declaration whose name parts.js declares.
 * @param {string} module
 */
function dropReplaced(module) {
  const declared = [...PARTS.matchAll(/^(?:function|class|const|let) (\w+(?:\$\d)?)/gm)];
  /** @type {string[]} */
  const dropped = [];
  let text = module;
  for (const name of [...declared.map((match) => match[1] ?? ""), ...UNUSED]) {
    const head = `^(?:function|var) ${name.replace(/\$/g, "\\$")}(?:\\$\\d)?(?=[ (;])`;
    const whole = new RegExp(`${head}[\\s\\S]*?(?=^(?:function|var|export|//|/\\*\\*))`, "gm");
    dropped.push(...(text.match(whole) ?? []));
    text = text.replace(whole, "");
  }
  const sha256 = createHash("sha256").update(dropped.sort().join("")).digest("hex");
  if (sha256 !== REPLACED_SHA256) {
    throw new Error(`rrweb has changed in what parts.js replaces: SHA-256 ${sha256}`);
  }
  return text;
}
