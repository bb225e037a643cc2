/** The start time in a URL: `?t=12.5`, seconds from the session's start. Pure. */

/** Return the start time of a query string, ms; null if it has none. */
export function momentOf(search: string): number | null {
  const told = new URLSearchParams(search).get("t");
  if (told === null || !/^\d{1,9}(?:\.\d{1,3})?$/.test(told)) return null;
  return Math.round(Number(told) * 1_000);
}

/** Return a URL with this start time, to the tenth of a second. */
export function withMoment(address: string, atMs: number): string {
  const url = new URL(address);
  url.searchParams.set("t", String(Math.round(Math.max(0, atMs) / 100) / 10));
  return url.href;
}
