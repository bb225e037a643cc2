/**
 * Remember text typed into masked fields, and mask it wherever the page repeats it.
 *
 * Held in memory only, for the life of the page.
 */

import { STARS } from "./patterns.ts";

const VALUES_MAX = 100; // more fields than a visitor fills on a page; each costs on every text
const LENGTH_MIN = 4; // shorter ones are ordinary words of the page, unless they are secret
const LENGTH_MAX = 2_000; // a longer one comes back in parts
const DRAFTS_MAX = 3; // a search box answers some key strokes late
const GROUPS = /(\d)[\s-](?=\d)/g; // pages divide numbers as they like

export class TypedText {
  private values: { field: unknown; value: string; isDraft?: boolean }[] = [];
  private pattern: RegExp | null = null;
  /** Number of changes, so that caches of masked text know when they are stale. */
  version = 0;

  /**
   * Remember what stands in `field` now. What stood there before was a draft if this extends it.
   *
   * `isSecret`: a password or its like, which may be short.
   */
  add(field: unknown, text: string, isSecret = false): void {
    for (const line of text.split("\n").slice(-VALUES_MAX)) {
      const value = normal(line.trim());
      if (value.length < (isSecret ? 1 : LENGTH_MIN) || value.length > LENGTH_MAX) continue;
      if (this.values.some((known) => known.value === value)) continue;
      const drafts = this.values.filter(
        (known) => known.field === field && value.startsWith(known.value),
      );
      const oldest = Math.max(0, drafts.length - DRAFTS_MAX);
      const stale = drafts.filter((draft, i) => i < oldest || draft.value.length < LENGTH_MIN);
      this.values = this.values
        // What is unfinished in another field stays so.
        .filter((known) => !stale.includes(known) && (known.field === field || !known.isDraft))
        .slice(1 - VALUES_MAX);
      for (const draft of drafts) draft.isDraft = true;
      this.values.push({ field, value });
      this.pattern = null;
      this.version++;
    }
  }

  /** Return `text` with the values that stand in it as whole words starred out. */
  mask(text: string): string {
    if (!this.values.length) return text;
    const lower = normal(text);
    if (!this.values.some(({ value }) => lower.includes(value))) return text;
    this.pattern ??= new RegExp(
      `(^|[^\\p{L}\\p{N}_])(?:${this.values
        .map(({ value }) =>
          value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/\d(?=\d)/g, "$&[\\s-]?"),
        )
        .sort((a, b) => b.length - a.length)
        .join("|")})(?![\\p{L}\\p{N}_])`,
      "giu",
    );
    return text.replace(this.pattern, `$1${STARS}`);
  }
}

function normal(text: string): string {
  return text.toLowerCase().replace(GROUPS, "$1");
}
