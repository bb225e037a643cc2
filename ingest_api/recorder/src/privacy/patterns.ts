/**
 * Mask personal data and secrets in text: e-mail addresses, cards, SSNs, phones, tokens.
 *
 * Pure functions of a text. No lookbehind anywhere: Safari before 16.4 would refuse the bundle.
 */

export const STARS = "***";

// Nearly every text of a page ends here: without one of these nothing below can match.
const SUSPECT = /[@\d_]|earer /i;
const EMAIL =
  /[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)(?!\dx\b)[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}\.\p{L}{2,}/giu;
const LONG_WORD = /[\w.+=-]{16}|earer /i;
const NINE_DIGITS = /\d(?:[\s()./-]{0,3}\d){8}/;
const DIGITS = /\d(?:[\s-]?\d){12,}/g;
const SSN = /(^|[^\d-])\d{3}([- ])\d{2}\2\d{4}(?![\d-])/g;
const PHONE =
  /(^|[^\w.+-])(\+\d(?:[\s()./-]{0,3}\d){8,14}|(?:1[ .-]?)?\(\d{2,5}\)[ .-]?\d(?:[ ./-]?\d){4,9}|(?:1[ .-])?\d{3}([ .-])\d{3}\3\d{4}|0\d(?:\.\d\d){4}|0\d{1,4}[ /-]\d(?:[ -]?\d){5,9})(?![\w-])/g;
const DATE = /(?:19|20)\d\d[-./]\d\d?[-./]\d|\d[-./]\d\d?[-./](?:19|20)\d\d/;
// A word that turns out not to match is consumed whole: retrying at each letter is quadratic.
const JWT = /eyJ[\w-]{8,}(?:\.[\w-]{4,}(?:\.[\w-]*)?)?/g;
const KEY = /\b(?:[srp]k|gh[a-z]|xox[a-z]|key|pat|whsec)[_-](?:(?:live|test|prod)_)?\w{16,}/g;
const BEARER = /(\bbearer\s+)[\w.+/=~-]{6,}/gi;
const WORD = /[\w+=-]{32,}/g;
const HEX = /(?:^|[^a-z\d])[a-f\d]{32,}(?![a-z\d])/i;

/** Return `text` with everything that looks like a secret or a person starred out. */
export function maskPatterns(text: string, emails: boolean, tokens: boolean): string {
  if (!SUSPECT.test(text)) return text;
  let masked = text;
  if (emails && (masked.includes("@") || masked.includes("%40"))) {
    masked = masked.replace(EMAIL, STARS);
  }
  if (tokens && LONG_WORD.test(masked)) masked = maskTokens(masked);
  if (NINE_DIGITS.test(masked)) masked = maskNumbers(masked);
  return masked;
}

function maskTokens(text: string): string {
  return text
    .replace(JWT, (word) => (word.includes(".") ? STARS : word))
    .replace(KEY, STARS)
    .replace(BEARER, `$1${STARS}`)
    .replace(WORD, (word) => (HEX.test(word) || isRandom(word) ? STARS : word));
}

function maskNumbers(text: string): string {
  return text
    .replace(DIGITS, maskCards)
    .replace(SSN, `$1${STARS}`)
    .replace(PHONE, (match: string, before: string, phone: string) => {
      const digits = phone.replace(/\D/g, "").length;
      return digits < 9 || digits > 15 || DATE.test(phone) ? match : before + STARS;
    });
}

/** Long words of a language or of a style sheet rarely mix all three kinds of characters. */
function isRandom(word: string): boolean {
  return /\d.*\d/.test(word) && /[A-Z].*[A-Z]/.test(word) && /[a-z].*[a-z]/.test(word);
}

/** Star out the cards of a run of digits: its groups may begin or end with other numbers. */
function maskCards(run: string): string {
  const groups = run.split(/([\s-])/);
  for (let from = 0; from < groups.length; from += 2) {
    let digits = "";
    for (let to = from; to < groups.length; to += 2) {
      digits += groups[to];
      if (digits.length > 19) break;
      if (isCard(digits)) {
        groups.splice(from, to - from + 1, STARS);
        break;
      }
    }
  }
  return groups.join("");
}

function isCard(digits: string): boolean {
  // 13 digits that begin with 1 are milliseconds since 1970; no such card exists.
  if (digits.length < 13 || (digits.length === 13 && digits[0] === "1")) return false;
  let sum = 0;
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const digit = Number(digits[i]) * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
