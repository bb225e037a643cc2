/**
 * Patches that mend faults of rrweb's recorder. `tests/recorder/test_rrweb_patches.py` has a test
 * for each that fails without it: once such a test passes without its patch, drop the patch.
 */

/** @type {import("./patch.mjs").Patch[]} */
export const FAULT_PATCHES = [
  {
    // In every version so far. No report upstream is known.
    name: "keep a node that moves under a new node inside of a moved subtree",
    edits: [
      {
        pattern:
          /this\.removesSubTreeCache\.has\(parentNode\) && !this\.movedSet\.has\(parentNode\)/g,
        replacement: "$& && !this.addedSet.has(parentNode)",
        count: 1,
      },
    ],
  },
  {
    // A blocked element reports no attributes, and so not the one that blocks it. No report upstream
    // is known.
    name: "report the attribute that blocks an element",
    edits: [
      {
        pattern:
          /if \((isBlocked\(m\.target, this\.blockClass, this\.blockSelector, false\)) \|\| value === m\.oldValue\)/g,
        replacement: 'if ($1 && attributeName !== "data-private" || value === m.oldValue)',
        count: 1,
      },
    ],
  },
  {
    // Only the parent is checked, not the elements around it. No report upstream is known.
    name: "report no text deep inside of a blocked element",
    edits: [
      {
        pattern:
          /!isBlocked\(m\.target, this\.blockClass, this\.blockSelector, false\) && value !== m\.oldValue/g,
        replacement:
          "!isBlocked(m.target, this.blockClass, this.blockSelector, true) && value !== m.oldValue",
        count: 1,
      },
    ],
  },
  {
    // Added on purpose, for masking. Pages see a foreign attribute on their password fields, and the
    // sanitizer keeps track of passwords itself.
    name: "add no attribute to the page's own elements",
    upstream: "rrweb-io/rrweb#1170",
    edits: [{ pattern: /^.*setAttribute\("data-rr-is-password".*$/gm, replacement: "", count: 1 }],
  },
  {
    // A reset sends no input events. The controls change after the event; they are read by the
    // prototype's getter, which no control's name can hide. No report upstream is known.
    name: "report the values of a form that is reset",
    edits: [
      {
        pattern:
          /^\tconst currentWindow = doc\.defaultView;\n\tif \(!currentWindow\) return \(\) => \{\n\t\thandlers/gm,
        replacement: `\tconst controlsOf = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "elements").get;
\thandlers.push(on("reset", callbackWrapper(({ target }) => setTimeout(callbackWrapper(() => {
\t\tfor (const control of controlsOf.call(target)) eventHandler({ target: control, isTrusted: false });
\t}))), doc));
$&`,
        count: 1,
      },
    ],
  },
  {
    // rrweb throws on unless a handler returns true, and has no handler once recording has stopped.
    name: "throw no error of the recorder into the page",
    edits: [
      {
        pattern: /^var callbackWrapper = [\s\S]*?^\};\n/gm,
        replacement: `var callbackWrapper = (cb) => (...rest) => {
	try {
		return cb(...rest);
	} catch (error) {
		errorHandler?.(error);
	}
};
`,
        count: 1,
      },
    ],
  },
];
