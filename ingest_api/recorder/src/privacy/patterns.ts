/**
 * Mask secrets and personal data in text: e-mail addresses, cards, SSNs, phones, tokens.
 *
 * Pure functions of a text. The patterns are generated; `lake/raw/masking/secrets.py` does the same
 * on the server.
 */

import * as shapes from "./shapes.ts";

export const STARS = "***";

// Nearly every text of a page ends here: without one of these nothing below can match.
const SUSPECT = /[@\d_]|(?:earer|asic|igest|oken) |-----B|A[A-Z]{19}/i;
const LONG_WORD = /[\w.+=/-]{16}|(?:earer|asic|igest|oken) |-----B/i;
const SIX_DIGITS = /\d(?:[\s()./_|·•-]{0,3}\d){5}/;
const PARTS = /[A-Z]?[a-z]+|[A-Z]+|\d+/g;
const HEX = /(?:^|[^a-z\d])[\da-f]{32,}(?![a-z\d])/i;
const CONTEXT_LENGTH = 24; // of what stands before a number and tells what it is
const WORD_LENGTH_MIN = 32; // of random text without capitals, such as names of generated classes

type Judge = (secret: string, before: string, after: string) => boolean;

/**
 * Return `text` with each secret starred out; otherwise unchanged. Where there is one, typographic
 * spaces, dashes and digits become plain ones. `tokens` false: the text is a class or a file's name.
 */
export function maskPatterns(text: string, emails: boolean, tokens: boolean): string {
  const plain = normalised(text);
  if (!SUSPECT.test(plain)) return text;
  const mask = (part: string) => maskShapes(part, emails, tokens);
  const masked = mask(
    /[%&\\]/.test(plain)
      ? plain.replace(/\S+/g, (word) => {
          const read = unescaped(word);
          return read === word || mask(read) === read ? word : STARS;
        })
      : plain,
  );
  return masked === plain ? text : masked;
}

/** Return `text` with typographic spaces, dashes and digits as plain ones. */
function normalised(text: string): string {
  if (!shapes.TYPOGRAPHIC.test(text)) return text;
  return text
    .normalize("NFKC")
    .replace(shapes.INVISIBLE, "")
    .replace(shapes.DASH, "-")
    .replace(shapes.ARABIC_DIGIT, (digit) => `${digit.charCodeAt(0) & 15}`);
}

/** Return a word with its `%40` and `&#64;` read. */
function unescaped(word: string): string {
  return word
    .replace(shapes.ESCAPE, (_, code) => String.fromCharCode(Number(`0x${code}`)))
    .replace(shapes.DECIMAL_ESCAPE, (_, code) => String.fromCharCode(code));
}

function maskShapes(text: string, emails: boolean, tokens: boolean): string {
  let masked = text;
  if (emails && /@|%40/.test(masked)) masked = maskUnless(masked, shapes.EMAIL);
  if (LONG_WORD.test(masked)) masked = maskTokens(masked, tokens);
  return SIX_DIGITS.test(masked) ? maskNumbers(masked) : masked;
}

function maskUnless(text: string, pattern: RegExp, isHarmless?: Judge): string {
  return text.replace(pattern, (match: string, before: string, secret: string, place: number) => {
    const at = place + before.length;
    const end = place + match.length;
    return isHarmless?.(
      secret,
      text.slice(Math.max(0, at - CONTEXT_LENGTH), at),
      text.slice(end, end + 8),
    )
      ? match
      : before + STARS;
  });
}

function maskTokens(text: string, tokens: boolean): string {
  let masked = maskUnless(maskUnless(text, shapes.PEM), shapes.JWT);
  masked = maskUnless(
    masked,
    shapes.KEY,
    (word) => !/\d|_(?:live|test)_|[a-z][A-Z]|[A-Z]{16}/.test(word),
  );
  masked = maskUnless(
    masked,
    shapes.SCHEME,
    (word, before) => !/bearer\s+$/i.test(before) && !isDense(word, 4) && !word.endsWith("="),
  );
  masked = maskUnless(masked, shapes.WORD, (word, before) =>
    HEX.test(word) ? shapes.HASH_NAME.test(before) : !isRandom(word, tokens),
  );
  return maskUnless(masked, shapes.SLASHED, (word) => !isMixed(`${word}0`) || !isDense(word, 4));
}

/** Whether a word's parts, of one case or of digits, have at most `length` characters on average. */
function isDense(word: string, length: number): boolean {
  return (word.match(PARTS)?.length ?? 0) * length >= word.length;
}

function isMixed(word: string): boolean {
  return /\d.*\d/.test(word) && /[A-Z].*[A-Z]/.test(word) && /[a-z].*[a-z]/.test(word);
}

/** Whether a word changes between letters, cases and digits as no language does. */
function isRandom(word: string, tokens: boolean): boolean {
  if (word.match(/[A-Za-z\d]{20,}/g)?.some((part) => isDense(part, 2.5) && isMixed(part)))
    return true;
  if (!tokens || word.length < WORD_LENGTH_MIN) return false;
  return isMixed(word) || (isDense(word, 2.5) && /\d.*\d/.test(word) && !/[-_]/.test(word));
}

function maskNumbers(text: string): string {
  let masked = text.replace(shapes.CARD, maskCards);
  for (const pattern of [shapes.NAMED_SSN, shapes.SSN, shapes.NAMED_PHONE])
    masked = maskUnless(masked, pattern);
  return maskUnless(masked, shapes.PHONE, (phone, before, after) => {
    if (shapes.AMOUNT_BEFORE.test(before) || shapes.AMOUNT_AFTER.test(after)) return true;
    const { length } = phone.replace(/\D/g, "");
    if (length < 9 || length > 15) return true;
    return !/^\+/.test(phone) && (shapes.DATE.test(phone) || shapes.NUMBER_NAME.test(before));
  });
}

/** Star out the cards of a run of digits: its groups may begin or end with other numbers. */
function maskCards(run: string): string {
  const groups = run.split(/([\s./_|·•-]+)/);
  for (let from = 0; from < groups.length; from += 2) {
    // The digits of a fraction.
    if (from && groups[from - 1] === "." && (groups[from - 2] as string).length < 3) continue;
    let digits = "";
    for (let to = from; to < groups.length; to += 2) {
      digits += groups[to];
      if (digits.length > 19) break;
      if (areGroups(groups, from, to) && isCard(digits)) {
        groups.splice(from, to - from + 1, STARS);
        break;
      }
    }
  }
  return groups.join("");
}

/** Whether digits are grouped as on a card, not as a list of numbers. */
function areGroups(groups: string[], from: number, to: number): boolean {
  const { length } = groups[from] as string;
  for (let at = from; at <= to; at += 2) {
    const group = groups[at] as string;
    if (at < to ? group.length !== length && group.length < 4 : group.length > length && length < 4)
      return false;
  }
  return true;
}

function isCard(digits: string): boolean {
  if (!shapes.ISSUER.test(digits)) return false;
  let sum = 0;
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const digit = Number(digits[i]) * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
