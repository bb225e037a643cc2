/**
 * Mask CSS: its URLs and quoted strings; the rest is recorded as it is.
 *
 * By a regular expression, as a parser would be too slow for whole style sheets.
 */

import type { Masks } from "./attributes.ts";
import { maskLevel } from "./levels.ts";
import { STARS } from "./patterns.ts";
import { type Mask, maskUrl } from "./urls.ts";

const DOUBLE = '"((?:[^"\\\\]|\\\\[\\s\\S])*)(?:"|$)';
const SINGLE = DOUBLE.replace(/"/g, "'");
const PARTS = new RegExp(
  `/\\*[\\s\\S]*?(?:\\*/|$)|((?:url|src)\\()\\s*(?:${DOUBLE}|${SINGLE}|([^)]*))\\s*(?:\\)|$)|(@import\\s+)?(?:${DOUBLE}|${SINGLE})`,
  "gi",
);
/** A custom property; what turns out to be none is consumed whole, so that this is linear. */
const PROPERTY = /--[^:;{}]*(?::[^;}]*)?/g;
const WHOLE_LENGTH = 500; // rules and inline styles; a sheet has too many numbers to judge
const READ_LENGTH = 60;
const READ = /(?:content|--[\w-]{1,30})\s{0,3}:[^;{}]{0,60}$/i; // before a string that is read
const HAS_PARTS = /["']|\/\*|(?:url|src)\(/i;
const SPLIT = "/* rr_split */"; // rrweb's mark between the text nodes of one style element

/** Return `text` with its URLs and strings masked; in private, with none of either. */
export function maskCss(text: string, masks: Masks, isPrivate: boolean): string {
  const mask = masks.pattern;
  let css = text;
  if (isPrivate) css = css.replace(PROPERTY, (part) => (part.includes(":") ? "" : part));
  else if (css.length < WHOLE_LENGTH && !HAS_PARTS.test(css)) return mask(css, false);
  // The value of a custom property may be any text.
  else css = css.replace(PROPERTY, (part) => (/data:/.test(part) ? part : mask(part, false)));
  if (!HAS_PARTS.test(css)) return css;
  return css.replace(PARTS, (part, opening, url1, url2, url3, imports, string1, string2, at) => {
    if (part.startsWith("/*")) return part === SPLIT ? part : "";
    if (opening || imports) {
      const raw: string = url1 ?? url2 ?? url3?.trimEnd() ?? string1 ?? string2 ?? "";
      const url = isPrivate ? null : maskUrl(raw, mask, true);
      if (url === null) return "none";
      const quoted = `"${url.replace(/["\\\n]/g, encodeURIComponent)}"`;
      return imports ? imports + quoted : `${opening}${quoted})`;
    }
    const quote = part[0] ?? "";
    const string: string = string1 ?? string2 ?? "";
    if (isPrivate) return quote + quote;
    // Names of fonts and icons stay.
    const isText =
      /\p{L}|\p{N}/u.test(string) && READ.test(css.slice(Math.max(0, at - READ_LENGTH), at));
    const masked = maskString(string, isText ? masks.text : mask);
    return quote + (isText ? maskLevel(masked, masks.level) : masked) + quote;
  });
}

function maskString(text: string, mask: Mask): string {
  const masked = mask(text);
  const read = text.replace(/\\([\da-f]{1,6})\s?/gi, (_, code) =>
    String.fromCharCode(Number(`0x${code}`)),
  );
  return masked === text && mask(read) !== read ? STARS : masked;
}
