/**
 * Store what outlives a page in `sessionStorage`, which the browser drops with the tab.
 *
 * A browser may forbid it, or it may be full: then values are lost without an error.
 */

export function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Store a value, and return whether it was stored. `null` removes it. */
export function write(key: string, value: string | null): boolean {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
