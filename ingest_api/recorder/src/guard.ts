/** Keep errors of the recorder out of the page. */

/** Number of errors in the recorder on this page. */
export let failures = 0;

/** Return what `fn` returns, or null if it throws. Counts the error. */
export function attempt<T>(fn: () => T): T | null {
  try {
    return fn();
  } catch {
    failures += 1;
    return null;
  }
}

/** Wrap `fn` so that its errors are counted and not thrown. */
export function guard<A extends unknown[]>(fn: (...a: A) => void): (...a: A) => void {
  return (...a) => {
    attempt(() => fn(...a));
  };
}
