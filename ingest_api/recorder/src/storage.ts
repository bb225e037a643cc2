/**
 * What outlives a page of the tab: in `sessionStorage` alone, which the browser drops with the tab.
 *
 * A browser may forbid it or call it full: then things are forgotten, and no page hears of it.
 */

export function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Return whether it was kept. `null` removes it. */
export function write(key: string, value: string | null): boolean {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
