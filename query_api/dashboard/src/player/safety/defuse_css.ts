/**
 * Style sheets of recorded pages, made unable to load anything.
 *
 * The page's Content-Security-Policy refuses such loads as well; here they are not even tried. In
 * time that grows with the text's length, whatever stands in it. What is a string or a comment is
 * not asked: browsers and this could disagree on that, and what a browser might load is taken away
 * wherever it stands.
 */

const CSS_LENGTH_MAX = 4_000_000;
const DEPTH_MAX = 100; // of nested blocks; browsers lay out no page that has more
/** Letters may be escaped, and what that makes again: nobody does so in good faith, nor often. */
const ESCAPED_MAX = 3;
const LETTERS_MAX = 20_000;
/** Marks and characters of a sheet that is cut into its texts again: rrweb looks for each anew. */
const SPLIT_WORK_MAX = 20_000_000;
const SPLIT = "/* rr_split */";
const NOTHING = "url(data:,)";
const LOADS = /url\(|@import|image-set\(|src\(/gi;
/** How an address begins that is its own bytes, or a place in its own page. */
const HARMLESS = /\s*(?:["']\s*)?(?:data:(?:image|font|application\/(?:x-)?font)|#)/iy;
const QUOTED = /\s*["']/y;
const ESCAPE = /\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|([\s\S]))/gi;

/** Return the style sheet, rule or value without remote addresses. */
export function safeCss(css: string): string {
  if (css.length > CSS_LENGTH_MAX || depthOf(css) > DEPTH_MAX) return "";
  return withoutLoads(css.includes("\\") ? plain(css) : css);
}

/** Return a recorded sheet as `safeCss` does; where its marks would cost too much, without them. */
export function safeSheet(css: string): string {
  const safe = safeCss(css);
  const parts = safe.split(SPLIT);
  return parts.length * safe.length > SPLIT_WORK_MAX ? parts.join("") : safe;
}

/** Write letters as letters: to a browser `u\72l(` is `url(`. */
function plain(css: string): string {
  let before = css;
  for (let time = 0; time < ESCAPED_MAX; time++) {
    const after = unescaped(before);
    if (after === before) return after;
    before = after; // which may have made an escape again
  }
  return "";
}

function unescaped(css: string): string {
  let out = "";
  let done = 0;
  let count = 0;
  ESCAPE.lastIndex = 0;
  for (let found = ESCAPE.exec(css); found; found = ESCAPE.exec(css)) {
    const [all, code, one] = found;
    const letter = code ? Number.parseInt(code, 16) : (one as string).charCodeAt(0);
    if (!isLetter(letter)) continue;
    if (++count > LETTERS_MAX) return "";
    out += css.slice(done, found.index) + String.fromCharCode(letter);
    done = found.index + all.length;
  }
  return done ? out + css.slice(done) : css;
}

function isLetter(code: number): boolean {
  return (code > 96 && code < 123) || (code > 64 && code < 91) || code === 45; // or a hyphen
}

function withoutLoads(css: string): string {
  let out = "";
  let done = 0;
  LOADS.lastIndex = 0;
  for (let found = LOADS.exec(css); found; found = LOADS.exec(css)) {
    const name = found[0].toLowerCase();
    const inside = found.index + name.length;
    HARMLESS.lastIndex = inside;
    if (name === "url(" && HARMLESS.test(css)) continue;
    const isImport = name === "@import";
    // A space, so that what stood around it does not become one word.
    out += css.slice(done, found.index) + (isImport ? " " : NOTHING);
    done = name === "url(" ? endOfUrl(css, inside) : endOf(css, inside, isImport ? ";" : ")");
    LOADS.lastIndex = done;
  }
  return done ? out + css.slice(done) : css;
}

/** Return the place after an address; one without quotes ends with its bracket, whatever is in it. */
function endOfUrl(css: string, from: number): number {
  QUOTED.lastIndex = from;
  if (QUOTED.test(css)) return endOf(css, from, ")");
  return css.indexOf(")", from) + 1 || css.length;
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
  return css.length;
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
