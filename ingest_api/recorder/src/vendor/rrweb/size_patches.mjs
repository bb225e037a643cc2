/**
 * Patches that only save bytes: code that this recorder never runs, and that no bundler drops.
 *
 * Each saves 200 bytes gzipped or more; `make recorder-patches` measures them. Smaller ones are not
 * worth a pattern that an upgrade has to look at.
 */

const SECTION = String.raw`^// (?:\.\./|src/).*\.(?:ts|js|mjs)(?:\?.*)?$`;

/**
 * Match whole sections of rrweb's module: a comment names the file that each comes from.
 * @param {string} path pattern of the file's path
 */
function section(path) {
  return new RegExp(String.raw`^// ${path}[^\n]*\n[\s\S]*?(?=${SECTION}|$(?![^]))`, "gm");
}

/** @type {import("./patch.mjs").Patch[]} */
export const SIZE_PATCHES = [
  {
    name: "the player and what it depends on",
    edits: [
      {
        pattern: section(
          String.raw`(?:\.\./rrdom/|src/replay/|.*node_modules/(?:mitt|@xstate|base64-arraybuffer)/)`,
        ),
        replacement: "",
        count: 15,
      },
      {
        // postcss: its modules have side effects.
        pattern: /^var require_picocolors_browser\$1 = [\s\S]*?^(?=var tagMap = \{)/gm,
        replacement: "",
        count: 1,
      },
    ],
  },
  {
    name: "canvas recording",
    edits: [
      {
        pattern: section("src/record/(?:workers|observers/canvas)/"),
        replacement: "",
        count: 6,
      },
    ],
  },
  {
    // Options are copied one by one into fields that are declared one by one; nothing is frozen.
    name: "a mutation buffer's list of options, and its freezing",
    edits: [
      {
        pattern: /(?:^\t\w+;\n)+\tinit\(options\) \{[\s\S]*?(?=\tlock\(\))/gm,
        replacement: "\tinit(options) { Object.assign(this, options); }\n",
        count: 1,
      },
    ],
  },
  {
    // The sanitizer masks (src/privacy): rrweb's own masking is never on.
    name: "masking",
    edits: [
      {
        pattern: /needMaskingText\(m\.target, .*? : value(?=,\n)/g,
        replacement: "value",
        count: 1,
      },
      {
        pattern: /(item\.attributes\.value = )maskInputValue\(\{[\s\S]*?\n\t\t\}\)/g,
        replacement: "$1value",
        count: 1,
      },
      {
        pattern: /\t{4}if \(attributeName === "value"\) \{[\s\S]*?\n\t{4}\}\n/g,
        replacement: "",
        count: 1,
      },
      {
        pattern: /else if \(maskInputOptions\[tagName[\s\S]*?\n\t\t\}\);/g,
        replacement: "",
        count: 1,
      },
    ],
  },
  {
    // An enumeration is an object of names and numbers, kept whole for three numbers.
    name: "the enumeration of sources",
    edits: [
      {
        pattern:
          /(?<=instanceof DragEvent \? )IncrementalSource\.Drag : (.*) \? IncrementalSource\.MouseMove : IncrementalSource\.TouchMove/g,
        replacement: "12 : $1 ? 1 : 6",
        count: 1,
      },
    ],
  },
];
