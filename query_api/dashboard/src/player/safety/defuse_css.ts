/**
 * Remove everything that loads from style sheets of recorded pages.
 *
 * The page's Content-Security-Policy refuses such loads as well; here they are not even tried. Linear
 * in the length of the text. Strings and comments are not recognized: a browser could parse them
 * differently, so loads are removed wherever they stand.
 */

const CSS_LENGTH_MAX = 4_000_000;
const DEPTH_MAX = 100; // of nested blocks; browsers lay out no page that has more
/** Letters may be escaped, and escapes nested: honest style sheets rarely do either. */
const ESCAPED_MAX = 3;
const LETTERS_MAX = 20_000;
/** Limits of marks and characters of a sheet that rrweb splits: it searches anew for each mark. */
const SPLIT_WORK_MAX = 20_000_000;
const SPLIT = "/* rr_split */";
const NOTHING = "url(data:,)";
const LOADS = /url\(|@import|image-set\(|src\(/gi;
/** Beginnings of URLs that load nothing: data, blobs and fragments of the page itself. */
const HARMLESS = /\s*(?:["']\s*)?(?:data:(?:image|font|application\/(?:x-)?font)|#)/iy;
const QUOTED = /\s*["']/y;
const ESCAPE = /\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|([\s\S]))/gi;

/** Return the style sheet, rule or value without remote addresses. */
export function safeCss(css: string): string {
  if (css.length > CSS_LENGTH_MAX || depthOf(css) > DEPTH_MAX) return "";
  return withoutLoads(css.includes("\\") ? plain(css) : css);
}

/** Return a recorded sheet as `safeCss` does, without its marks if these would cost too much. */
export function safeSheet(css: string): string {
  const safe = safeCss(css);
  const parts = safe.split(SPLIT);
  return parts.length * safe.length > SPLIT_WORK_MAX ? parts.join("") : safe;
}

/** Replace escaped letters: to a browser `u\72l(` is `url(`. */
function plain(css: string): string {
  let before = css;
  for (let time = 0; time < ESCAPED_MAX; time++) {
    const after = unescaped(before);
    if (after === before) return after;
    before = after; // which may have made a new escape
  }
  return "";
}

function unescaped(css: string): string {
  let out = "";
  let done = 0;
  let count = 0;
  ESCAPE.lastIndex = 0;
  for (let match = ESCAPE.exec(css); match; match = ESCAPE.exec(css)) {
    const [all, code, char] = match;
    const letter = code ? Number.parseInt(code, 16) : (char as string).charCodeAt(0);
    if (!isLetter(letter)) continue;
    if (++count > LETTERS_MAX) return "";
    out += css.slice(done, match.index) + String.fromCharCode(letter);
    done = match.index + all.length;
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
  for (let match = LOADS.exec(css); match; match = LOADS.exec(css)) {
    const name = match[0].toLowerCase();
    const inside = match.index + name.length;
    HARMLESS.lastIndex = inside;
    if (name === "url(" && HARMLESS.test(css)) continue;
    const isImport = name === "@import";
    // A space, so that the words around it do not join.
    out += css.slice(done, match.index) + (isImport ? " " : NOTHING);
    done = name === "url(" ? endOfUrl(css, inside) : endOf(css, inside, isImport ? ";" : ")");
    LOADS.lastIndex = done;
  }
  return done ? out + css.slice(done) : css;
}

/** Return the place after a URL. Without quotes, it ends at the first bracket. */
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
    const char = css[at] as string;
    if (char === "\\") at++;
    else if (quote) {
      if (char === quote || char === "\n") quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === last && open === 0) return at + 1;
    else if (char === "(") open++;
    else if (char === ")" && open > 0) open--;
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
