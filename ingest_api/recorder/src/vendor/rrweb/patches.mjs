/**
 * What is changed in rrweb's recorder when it is bundled. Each change must find its text exactly
 * as often as it says, so that another version of rrweb fails the build instead of losing a fix.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const PARTS = readFileSync(new URL("./parts.js", import.meta.url), "utf8").replace(
  /^export /gm,
  "",
);
const PLAYER_SECTIONS =
  /^\/\/ (?:\.\.\/rrdom\/|src\/replay\/|.*node_modules\/(?:mitt|@xstate|base64-arraybuffer)\/)/;
const CANVAS_SECTIONS = /^\/\/ src\/record\/(?:workers|observers\/canvas)\//;
const SECTION = /^\/\/ (?:\.\.\/|src\/).*\.(?:ts|js|mjs)(?:\?.*)?$/;

// What `src/vendor/rrweb/parts.js` says anew, as it is in rrweb: if it changes there, look at it again.
const REWRITTEN_SHA256 = "9ea0f526c990c30854d3e8fd2e68d2e262e26a1232702d4faf4ba6ae7fa8828a";
// What is bundled for what it does when it is loaded, though nothing of it is called.
const DROPPED = ["_mirror", "nowTimestamp", "recording"];

/** `[what it mends, text, replacement, how often it stands there]` */
const PATCHES = [
  [
    "a node that moves under a new node inside of a moved subtree is lost",
    /this\.removesSubTreeCache\.has\(parentNode\) && !this\.movedSet\.has\(parentNode\)/g,
    "this.removesSubTreeCache.has(parentNode) && !this.movedSet.has(parentNode) && !this.addedSet.has(parentNode)",
    1,
  ],
  [
    "an element that is blocked later never says so",
    /if \((isBlocked\(m\.target, this\.blockClass, this\.blockSelector, false\)) \|\| value === m\.oldValue\)/g,
    'if ($1 && attributeName !== "data-private" || value === m.oldValue)',
    1,
  ],
  [
    "and a text deep inside of it is told on",
    /!isBlocked\(m\.target, this\.blockClass, this\.blockSelector, false\) && value !== m\.oldValue/g,
    "!isBlocked(m.target, this.blockClass, this.blockSelector, true) && value !== m.oldValue",
    1,
  ],
  ["the page's own DOM is not ours to mark", /^.*setAttribute\("data-rr-is-password".*$/gm, "", 1],
  [
    "a form that is reset keeps its values",
    /^\tconst currentWindow = doc\.defaultView;\n\tif \(!currentWindow\) return \(\) => \{\n\t\thandlers/gm,
    // The controls are reset after the event. They are asked for as no control's name can hide.
    `\tconst controlsOf = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "elements").get;
\thandlers.push(on("reset", callbackWrapper(({ target }) => setTimeout(callbackWrapper(() => {
\t\tfor (const one of controlsOf.call(target)) eventHandler({ target: one, isTrusted: false });
\t}))), doc));
$&`,
    1,
  ],
  [
    "postcss is the player's alone, and bundlers do not dare to drop it",
    /^var require_picocolors_browser\$1 = [\s\S]*?^(?=var tagMap = \{)/gm,
    "",
    1,
  ],
  ["the helpers of each package are the same", /\bsrc_default\$2\b/g, "src_default", 7],
  ["the clock may be read as it is", /\bnowTimestamp\(\)/g, "Date.now()", 2],
  ["a warning helps nobody who visits", /^\t+console\.warn\(.*\);\n/gm, "", 4],
  [
    "a buffer is given all its options at once",
    /(?<=init\(options\)) \{[\s\S]*?\t\}\n(?=\tfreeze)/g,
    " { Object.assign(this, options); }\n",
    1,
  ],
  ["and needs no field for each", /^\t(?!return|break)\w+;\n/gm, "", 26],
  [
    "the serializer asks for them itself",
    /(?<=const sn = )serializeNodeWithId\(n, \{\n[\s\S]*?\n\t{3}\}\)/g,
    "serializeNodeWithId(n, this.doc, this, true, cssCaptured)",
    1,
  ],
  [
    "nothing is frozen",
    /\tfreeze\(\) [\s\S]*?(?=\tlock\(\))|this\.frozen \|\| |\tfrozen = .*\n/g,
    "",
    3,
  ],
  ["no class blocks", /blockClass(?:, |: [^,]*,)|this\.blockClass, /g, "", 15],
  [
    "nor hides from input events",
    /^\t+if \(target\.classList\.contains\(ignoreClass\).*\n/gm,
    "",
    1,
  ],
  ["the title's changes are never told", / && slimDOMOptions\.headTitleMutations/g, "", 1],
  ["no frame of another origin", / && !this\.keepIframeSrcFn\(value\)/g, "", 1],
  ["masking is the sanitizer's", /needMaskingText\(m\.target, .*? : value(?=,\n)/g, "value", 1],
  [
    "of a text area",
    /(item\.attributes\.value = )maskInputValue\(\{[\s\S]*?\n\t\t\}\)/g,
    "$1value",
    1,
  ],
  ["of a value", /\t{4}if \(attributeName === "value"\) \{[\s\S]*?\n\t{4}\}\n/g, "", 1],
  ["of an input", /else if \(maskInputOptions\[tagName[\s\S]*?\n\t\t\}\);/g, "", 1],
  ["who did it is not told", /userTriggeredOnInput \? \{[\s\S]*?\} : /g, "", 2],
  ["a type is what the browser takes it for", /getInputType\(target\) \|\| ""/g, "target.type", 1],
  ["media are blocked", /if \(!ignoreAttribute\(.*?\)\) \{/g, "{", 1],
  ["a shadow root is the browser's", / && isNativeShadowDom\(m\.target\)/g, "", 1],
  ["and is asked for by one name", /(?<!function )hasShadowRoot\(/g, "src_default.shadowRoot(", 1],
  ["a source is a number", /IncrementalSource\.Drag\b/g, "12", 1],
  ["of a mouse", /IncrementalSource\.MouseMove\b/g, "1", 1],
  ["of a touch", /IncrementalSource\.TouchMove\b/g, "6", 1],
  [
    "no error of ours goes further than to the one who asked for it",
    /^var callbackWrapper = [\s\S]*?^\};\n/gm,
    `var callbackWrapper = (cb) => (...rest) => {
	try {
		return cb(...rest);
	} catch (error) {
		errorHandler?.(error);
	}
};
`,
    1,
  ],
];

/** Return the recorder's part of rrweb's one big module, mended. */
export function recorderOf(module, patches = PATCHES) {
  let text = withoutRewritten(sections(module));
  for (const [why, pattern, replacement, count] of patches) {
    const found = text.match(pattern)?.length ?? 0;
    if (found !== count) {
      throw new Error(`rrweb has changed: "${why}" stands there ${found} times, not ${count}`);
    }
    text = text.replace(pattern, replacement);
  }
  return PARTS + text;
}

/** The same without the patch that mends `why`: to see that it is still needed. */
export function recorderWithout(module, why) {
  const patches = PATCHES.filter(([mends]) => mends !== why);
  if (patches.length === PATCHES.length) throw new Error(`no patch mends "${why}"`);
  return recorderOf(module, patches);
}

function sections(module) {
  const kept = [];
  let keeps = true;
  for (const line of module.split("\n")) {
    if (SECTION.test(line)) {
      keeps =
        !PLAYER_SECTIONS.test(line) && !CANVAS_SECTIONS.test(line) && line !== "// src/index.ts";
    }
    if (keeps) kept.push(line);
  }
  return `${kept.join("\n")}\nexport { record };\n`;
}

/** Drop each declaration at the top whose name `src/vendor/rrweb/parts.js` declares. */
function withoutRewritten(module) {
  const names = [...PARTS.matchAll(/^(?:function|class|const|let) (\w+(?:\$\d)?)/gm)];
  const dropped = [];
  let text = module;
  for (const name of [...names.map((match) => match[1]), ...DROPPED]) {
    const plain = name.replace(/\$/g, "\\$");
    const head = `^(?:function|var) ${plain}(?:\\$\\d)?(?=[ (;])`;
    const whole = new RegExp(`${head}[\\s\\S]*?(?=^(?:function|var|export|//|/\\*\\*))`, "gm");
    dropped.push(...(text.match(whole) ?? []));
    text = text.replace(whole, "");
  }
  const found = createHash("sha256").update(dropped.sort().join("")).digest("hex");
  if (found !== REWRITTEN_SHA256) {
    throw new Error(`rrweb has changed where it is written anew: ${found}`);
  }
  return text;
}
