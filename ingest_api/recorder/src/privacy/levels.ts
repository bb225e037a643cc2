/** What is hidden of a text beyond patterns: `mask_text` of the website, `data-mask` of an element. */

import { STARS } from "./patterns.ts";

export const NUMBERS = 1;
export const ALL = 2;

const NUMBER = /\p{N}(?:[\s.,:/-]?\p{N})*/gu;
const STATE =
  /^(?:true|false|open|closed|on|off|(?:in)?active|(?:un)?checked|horizontal|vertical|top|bottom|left|right|start|center|end|dark|light)?$/;

/** Return the level that a setting or an attribute names, 0 for patterns. */
export function levelOf(name: unknown): number {
  return name === "all" ? ALL : name === "numbers" ? NUMBERS : 0;
}

/** Return `text` as a level shows it. Neither the length of a word nor of a number is left. */
export function maskLevel(text: string, level: number): string {
  if (level === ALL) return text.replace(/\S+/g, "*****");
  if (!level) return text;
  return text
    .replace(/\S+/g, (word) => (/[@＠﹫]|%40/.test(word) ? STARS : word))
    .replace(NUMBER, STARS);
}

/** Whether a value is one of the few that most pages use for states and themes. */
export function isState(value: string): boolean {
  return STATE.test(value);
}

/** Whether the value of a `data-` attribute stays: it may select styles. */
export function isStateAt(value: string, level: number): boolean {
  return level === ALL ? isState(value) : maskLevel(value, level) === value;
}
