/**
 * Adapt style sheets for the replay: `:hover` applies to elements under the recorded mouse, and device
 * widths are those of the recorded view.
 *
 * rrweb gives the class `:hover` to elements under the recorded mouse, so each rule for `:hover` is
 * extended to that class. rrweb would do so itself, in time quadratic in the rules of a sheet, and
 * would keep every sheet for ever.
 */

const HOVER = /(?<!\\):hover(?![\w-])/g;
const DEVICE = /\b(min|max)-device-(width|height)\b/g;

/** Return the sheet with additional selectors. Linear in its length. */
export function hovered(css: string): string {
  if (!css.includes(":hover") && !css.includes("-device-")) return css;
  let out = "";
  let done = 0;
  let begin = 0; // of what may turn out to be a selector
  for (let at = 0; at < css.length; at++) {
    switch (css.charCodeAt(at)) {
      case 92: // a backslash: the next character is none of these
        at++;
        break;
      case 34:
      case 39:
        at = endOfString(css, at);
        break;
      case 47:
        if (css[at + 1] === "*") {
          const end = css.indexOf("*/", at + 2);
          at = end < 0 ? css.length : end + 1;
          if (
            css
              .slice(begin, at + 1)
              .trimStart()
              .startsWith("/*")
          )
            begin = at + 1;
        }
        break;
      case 59: // ;
      case 125: // }
        begin = at + 1;
        break;
      case 123: {
        const prelude = css.slice(begin, at);
        const made = prelude.trimStart().startsWith("@") ? atRule(prelude) : selectors(prelude);
        if (made !== prelude) {
          out += css.slice(done, begin) + made;
          done = at;
        }
        begin = at + 1;
        break;
      }
    }
  }
  return done ? out + css.slice(done) : css;
}

function atRule(prelude: string): string {
  return prelude.replace(DEVICE, "$1-$2");
}

/** Return a rule's selectors, and those with `:hover` once more for the class. */
function selectors(prelude: string): string {
  if (!prelude.includes(":hover")) return prelude;
  let more = "";
  for (const selector of listed(prelude)) {
    const byClass = selector.replace(HOVER, ".\\:hover");
    if (byClass !== selector) more += `,${byClass}`;
  }
  return prelude + more;
}

/** Split a list of selectors at its commas outside of brackets and strings. */
function listed(prelude: string): string[] {
  const parts: string[] = [];
  let open = 0;
  let begin = 0;
  for (let at = 0; at < prelude.length; at++) {
    const char = prelude[at];
    if (char === "\\") at++;
    else if (char === '"' || char === "'") at = endOfString(prelude, at);
    else if (char === "(" || char === "[") open++;
    else if (char === ")" || char === "]") open--;
    else if (char === "," && open <= 0) {
      parts.push(prelude.slice(begin, at));
      begin = at + 1;
    }
  }
  parts.push(prelude.slice(begin));
  return parts;
}

/** Return where a string ends that begins at `from`: at its quote, or at the end of its line. */
function endOfString(css: string, from: number): number {
  const quote = css[from];
  for (let at = from + 1; at < css.length; at++) {
    const char = css[at];
    if (char === "\\") at++;
    else if (char === quote || char === "\n") return at;
  }
  return css.length;
}
