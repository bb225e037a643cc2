/**
 * Style sheets as they are replayed: `:hover` holds for what the recorded mouse is on, and widths of
 * the device for those of the recorded view.
 *
 * Whoever draws (rrweb) gives the class `:hover` to what the recorded mouse is on, so each rule for
 * `:hover` is made to hold for that class too. It would do so itself, in time that grows with the
 * square of a sheet's rules, and keep every sheet for ever.
 */

const HOVER = /(?<!\\):hover(?![\w-])/g;
const DEVICE = /\b(min|max)-device-(width|height)\b/g;

/** Return the sheet with more selectors. In time that grows with its length, whatever stands in it. */
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

/** Return a rule's selectors, and after them those of its selectors that have `:hover`, for the class. */
function selectors(prelude: string): string {
  if (!prelude.includes(":hover")) return prelude;
  let more = "";
  for (const one of listed(prelude)) {
    const made = one.replace(HOVER, ".\\:hover");
    if (made !== one) more += `,${made}`;
  }
  return prelude + more;
}

/** Cut a list of selectors at its commas, not at those in brackets or strings. */
function listed(prelude: string): string[] {
  const found: string[] = [];
  let open = 0;
  let begin = 0;
  for (let at = 0; at < prelude.length; at++) {
    const one = prelude[at];
    if (one === "\\") at++;
    else if (one === '"' || one === "'") at = endOfString(prelude, at);
    else if (one === "(" || one === "[") open++;
    else if (one === ")" || one === "]") open--;
    else if (one === "," && open <= 0) {
      found.push(prelude.slice(begin, at));
      begin = at + 1;
    }
  }
  found.push(prelude.slice(begin));
  return found;
}

/** Return where a string ends that begins at `from`: at its quote, or at the end of its line. */
function endOfString(css: string, from: number): number {
  const quote = css[from];
  for (let at = from + 1; at < css.length; at++) {
    const one = css[at];
    if (one === "\\") at++;
    else if (one === quote || one === "\n") return at;
  }
  return css.length;
}
