/** Mask messages, stacks and titles: the URLs and the named secrets in them, then patterns. */

import { STARS } from "./patterns.ts";
import { type Mask, maskUrl } from "./urls.ts";

const NAMED =
  /((?:passw|pwd|passphrase|passcode|secret|token|api.?key|auth|credential|session|sid\b|csrf|xsrf|otp|pin\b|cvv|cvc|ssn|iban|jwt)[\w.-]{0,24}\\{0,3}["']?\s{0,3}[:=]\s{0,3})(?!\*)("(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|\\+"[\s\S]*?(?:\\"|$)|(?:(?:bearer|basic|digest)\s+)?[^\s,;&}\])"'\\]+)/gi;
const COOKIES = /(cookies?\\{0,3}["']?\s{0,3}[:=]\s{0,3})[^\r\n]+|(;\s?[\w.-]{1,64}=)[^\s;"']+/gi;
const WORD = /[^\s"<>`]+/g;
const PLACE = /(?::\d+){2}\)?$/; // of a stack

/** Return `message` with the secrets in it starred out. Places in files (`:10:5`) stay. */
export function maskMessage(message: string, mask: Mask): string {
  const masked = message
    .replace(WORD, (word) => {
      const at = word.search(/[/?]|[#&;][\w.%-]{1,64}=|data:/);
      if (at < 0) return word;
      const place = PLACE.exec(word)?.[0] ?? "";
      const url = word.slice(at, word.length - place.length);
      return word.slice(0, at) + (maskUrl(url, mask) ?? STARS) + place;
    })
    .replace(COOKIES, (_, line, pair) => (line ?? pair) + STARS)
    .replace(NAMED, `$1${STARS}`);
  return mask(masked);
}
