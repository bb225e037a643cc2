/** Format times and sizes for people. Pure. */

/** Return `1:02` or `1:02:03`, days where there are any. */
export function clock(atMs: number): string {
  const seconds = Math.max(0, Math.floor(atMs / 1_000));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (value: number) => String(value).padStart(2, "0");
  const rest = hours || days ? `${hours}:${two(minutes)}` : String(minutes);
  return `${days ? `${days}d ` : ""}${rest}:${two(seconds % 60)}`;
}

/** Return `420 ms`, `12 s`, `3 min`, `2 h` or `5 days`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** Return a size in the unit that reads best. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
