/**
 * Style sheets of recorded pages, made unable to load anything.
 *
 * The page's Content-Security-Policy refuses such loads as well; here they are not even tried. One
 * pass over the text, whatever stands in it.
 */

const CSS_LENGTH_MAX = 4_000_000;
const DEPTH_MAX = 100; // of nested blocks; more stops the replayer's parser
const NOTHING = 'url("data:,")';
const LOADS = /url\(|@import|image-set\(/gi;
const SAFE = /^\s*["']?\s*(?:data:(?:image|font|application\/(?:x-)?font)|#)/i;

/** Return the style sheet, rule or value without remote addresses. */
export function safeCss(css: string): string {
  if (css.length > CSS_LENGTH_MAX || depthOf(css) > DEPTH_MAX) return "";
  let out = "";
  let done = 0;
  LOADS.lastIndex = 0;
  for (let found = LOADS.exec(css); found; found = LOADS.exec(css)) {
    const kind = found[0].toLowerCase();
    const begin = found.index;
    const end = endOf(css, begin + kind.length, kind === "@import" ? ";" : ")");
    const inside = css.slice(begin + kind.length, end - 1);
    if (kind === "url(" && SAFE.test(inside.slice(0, 200))) {
      LOADS.lastIndex = end;
      continue;
    }
    out += css.slice(done, begin) + (kind === "@import" ? "" : NOTHING);
    done = end;
    LOADS.lastIndex = end;
  }
  return done ? out + css.slice(done) : css;
}

/** Return the place after the `last` character that ends what begins at `from`, quotes heeded. */
function endOf(css: string, from: number, last: string): number {
  let quote = "";
  let open = 0;
  for (let at = from; at < css.length; at++) {
    const one = css[at] as string;
    if (one === "\\") at++;
    else if (quote) {
      if (one === quote || one === "\n") quote = "";
    } else if (one === '"' || one === "'") quote = one;
    else if (one === last && open === 0) return at + 1;
    else if (one === "(") open++;
    else if (one === ")" && open > 0) open--;
  }
  return css.length + 1;
}

function depthOf(css: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < css.length; at++) {
    const code = css.charCodeAt(at);
    if (code === 123) deepest = Math.max(deepest, ++depth);
    else if (code === 125) depth--;
  }
  return deepest;
}
