/**
 * Mask CSS: its URLs and quoted strings; the rest is recorded as it is.
 *
 * By a regular expression, as a parser would be too slow for whole style sheets.
 */

import { type Mask, maskUrl } from "./urls.ts";

const DOUBLE = '"((?:[^"\\\\]|\\\\[\\s\\S])*)(?:"|$)';
const SINGLE = DOUBLE.replace(/"/g, "'");
const PARTS = new RegExp(
  `/\\*[\\s\\S]*?(?:\\*/|$)|((?:url|src)\\()\\s*(?:${DOUBLE}|${SINGLE}|([^)]*))\\s*(?:\\)|$)|(@import\\s+)?(?:${DOUBLE}|${SINGLE})`,
  "gi",
);
/** A custom property; what turns out to be none is consumed whole, so that this is linear. */
const PROPERTY = /--[^:;{}]*(?::[^;}]*)?/g;
const HAS_PARTS = /["']|\/\*|(?:url|src)\(/i;
const SPLIT = "/* rr_split */"; // rrweb's mark between the text nodes of one style element

/** Return `text` with its URLs and strings masked; in private, with none of either. */
export function maskCss(text: string, mask: Mask, isPrivate: boolean): string {
  // The value of a custom property may be any text.
  const css = isPrivate ? text.replace(PROPERTY, (part) => (part.includes(":") ? "" : part)) : text;
  if (!HAS_PARTS.test(css)) return css;
  return css.replace(PARTS, (part, opening, url1, url2, url3, imports, string1, string2) => {
    if (part.startsWith("/*")) return part === SPLIT ? part : "";
    if (opening || imports) {
      const raw: string = url1 ?? url2 ?? url3?.trimEnd() ?? string1 ?? string2 ?? "";
      const url = isPrivate ? null : maskUrl(raw, mask, true);
      if (url === null) return "none";
      const quoted = `"${url.replace(/["\\\n]/g, encodeURIComponent)}"`;
      return imports ? imports + quoted : `${opening}${quoted})`;
    }
    const quote = part[0];
    const string: string = string1 ?? string2 ?? "";
    return quote + (isPrivate ? "" : mask(string)) + quote;
  });
}
