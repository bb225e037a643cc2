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

/** Whether the visitor withdrew consent in this tab: the only value that is not of a session. */
const REFUSED = "replaylake.refused";

export function hasRefused(): boolean {
  return read(REFUSED) !== null;
}

/** Remember what the visitor decided; a refusal removes all that was stored. */
export function decide(agrees: boolean): void {
  if (!agrees) forgetAll();
  write(REFUSED, agrees ? null : "1");
}

/** Remove the session, what its pages could not send, and what waits for a trigger. */
export function forgetAll(): void {
  for (const key of ["", ".left", ".buffer"]) write(`replaylake${key}`, null);
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
