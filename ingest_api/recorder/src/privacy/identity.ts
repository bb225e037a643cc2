/** What `identify()` refuses: an id names a visitor to the website, and to nobody else. */

import { maskPatterns } from "./patterns.ts";
import { JWT, KEY } from "./shapes.ts";

const ID_MAX = 256;
const PHONE = /^(?:\+|00?(?=[1-9]))[\d()./-]{7,}$|^[2-9]\d\d[2-9]\d{6}$/;
const SSN = /^(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}$/;
const RANDOM = /\w{20,}/g; // as ids should be

/** Return why an id is refused, an empty text if it is not. */
export function refusedId(id: string): string {
  if (!id || id.length > ID_MAX) return "is empty or too long";
  if (/[@\s]|%40/.test(id)) return "has a space or an @";
  if (PHONE.test(id)) return "is like a phone number";
  if (SSN.test(id)) return "is like an SSN";
  const rest = id.replace(RANDOM, "");
  const isSecret =
    /^eyJ/.test(id) ||
    id.search(JWT) >= 0 ||
    id.search(KEY) >= 0 ||
    maskPatterns(rest, true, false) !== rest;
  return isSecret ? "is like a card or a key" : "";
}
