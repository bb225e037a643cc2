/** What stands between us and the page: nothing of ours may throw into it. */

/** How often something of ours failed on this page. */
export let failures = 0;

/** Return what `fn` returns; null where it throws, which is counted and goes no further. */
export function attempt<T>(fn: () => T): T | null {
  try {
    return fn();
  } catch {
    failures += 1;
    return null;
  }
}

/** Return `fn` so that what it throws is counted and goes no further. */
export function guard<A extends unknown[]>(fn: (...a: A) => void): (...a: A) => void {
  return (...a) => {
    attempt(() => fn(...a));
  };
}
