/** Who is signed in, and which website is looked at. */

import { computed, signal } from "@preact/signals";
import { ask, isSignedOut } from "../api/client.ts";
import type { Me, Website } from "../api/types.ts";
import { forgetPeople } from "../sessions/saved.ts";
import { address, go } from "./route.ts";

const CHOSEN = "replaylake.website"; // in localStorage
const KNOWN = "replaylake.me"; // there too: names of websites, and no key
const KEY = "#key=";

/** Null: not known yet, or nobody. */
export const me = signal<Me | null>(null);

/** The website that the address names, else the one that was chosen last, else the first. */
export const website = computed<Website | null>(() => {
  const mine = me.value?.websites ?? [];
  const wanted = [address.value.searchParams.get("website"), localStorage.getItem(CHOSEN)];
  const found = wanted.map((id) => mine.find((one) => one.website_id === id));
  return found.find((one) => one !== undefined) ?? mine[0] ?? null;
});

/** Look whether the cookie still opens. Throws `Problem`. */
export async function recognise(): Promise<void> {
  try {
    enter(await ask<Me>("/api/me"));
  } catch (error) {
    if (isSignedOut.value) localStorage.removeItem(KNOWN);
    throw error;
  }
}

/**
 * Believe for now what was known the last time, so that a page need not wait for `recognise`. What
 * it shows comes from the API, which believes the cookie alone. Return whether anything was known.
 */
export function remember(): boolean {
  let known: Me | null;
  try {
    known = JSON.parse(localStorage.getItem(KNOWN) ?? "null");
  } catch {
    return false;
  }
  if (!Array.isArray(known?.websites)) return false;
  me.value = known;
  return true;
}

/** Change a key for a cookie. Throws `Problem`. */
export async function signIn(key: string): Promise<void> {
  enter(await ask<Me>("/api/session", { method: "POST", body: { key } }));
}

function enter(known: Me): void {
  const text = JSON.stringify(known);
  // What is shown already is not made anew where nothing changed.
  if (text !== JSON.stringify(me.value)) me.value = known;
  isSignedOut.value = false;
  localStorage.setItem(KNOWN, text);
}

export async function signOut(): Promise<void> {
  await ask("/api/session", { method: "DELETE" });
  localStorage.removeItem(CHOSEN);
  localStorage.removeItem(KNOWN);
  sessionStorage.clear(); // what was not saved
  forgetPeople();
  me.value = null;
  isSignedOut.value = true;
}

/** Look at another website: its sessions. */
export function choose(id: string): void {
  localStorage.setItem(CHOSEN, id);
  go(`/sessions?website=${encodeURIComponent(id)}`);
}

/** The key that a link brought, which the address forgets at once. */
export function takeKey(): string | null {
  if (!location.hash.startsWith(KEY)) return null;
  const key = location.hash.slice(KEY.length);
  history.replaceState(null, "", location.pathname + location.search);
  return key;
}

/** An address of the dashboard that means the website of now wherever it is opened. */
export function linkTo(path: string, query: Record<string, string> | URLSearchParams = {}): string {
  const params = new URLSearchParams(query);
  if (me.value && me.value.websites.length > 1 && website.value) {
    params.set("website", website.value.website_id);
  }
  return params.size > 0 ? `${path}?${params}` : path;
}
