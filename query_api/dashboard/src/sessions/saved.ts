/**
 * Views that somebody gave a name: which filters, which order. Kept in this browser alone, for each
 * website by itself. Pure but for `localStorage`.
 */

import { signal } from "@preact/signals";

const KEPT = "replaylake.views."; // and a website's id, in localStorage
const VIEWS_MAX = 50;
const NAME_MAX = 60; // characters
const PEOPLE = ["userId", "visitorId"]; // filters that name somebody

export interface SavedView {
  name: string;
  /** What follows the `?` of the list's address, without the website. */
  query: string;
}

const read = signal<Record<string, SavedView[]>>({});

/** A website's views, in the order in which they were made. */
export function viewsOf(websiteId: string): SavedView[] {
  return read.value[websiteId] ?? parsed(localStorage.getItem(KEPT + websiteId));
}

export function keepViews(websiteId: string, views: SavedView[]): void {
  read.value = { ...read.value, [websiteId]: views };
  try {
    if (views.length > 0) localStorage.setItem(KEPT + websiteId, JSON.stringify(views));
    else localStorage.removeItem(KEPT + websiteId);
  } catch {
    // No room, or no permission: they last as long as the page.
  }
}

/** Forget, in all websites, the views that name a user or a visitor. */
export function forgetPeople(): void {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(KEPT)) continue;
    const views = parsed(localStorage.getItem(key));
    keepViews(
      key.slice(KEPT.length),
      views.filter(({ query }) => !PEOPLE.some((name) => new URLSearchParams(query).has(name))),
    );
  }
}

/** What is kept of a view: all but which website, in one order, so that equal views are equal. */
export function queryOf(view: URLSearchParams): string {
  const kept = [...view].filter(([name, value]) => name !== "website" && value);
  return new URLSearchParams(kept.sort(([a, b], [c, d]) => order(a, c) || order(b, d))).toString();
}

const order = (one: string, other: string) => (one < other ? -1 : Number(one > other));

/** With a view of that name, in place of one that has it already. */
export function withView(views: SavedView[], name: string, query: string): SavedView[] {
  const named = { name: nameOf(name), query };
  if (!named.name) return views;
  const at = views.findIndex((one) => one.name === named.name);
  return at < 0 ? [...views, named].slice(-VIEWS_MAX) : views.with(at, named);
}

/** With another name for the view `from`; a view that has that name already goes. */
export function renamed(views: SavedView[], from: string, to: string): SavedView[] {
  const name = nameOf(to);
  if (!name || name === from) return views;
  return views
    .filter((one) => one.name !== name)
    .map((one) => (one.name === from ? { ...one, name } : one));
}

export function without(views: SavedView[], name: string): SavedView[] {
  return views.filter((one) => one.name !== name);
}

/** Views as they were kept; what is none is left out. */
export function parsed(text: string | null): SavedView[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isView).slice(0, VIEWS_MAX) : [];
  } catch {
    return [];
  }
}

function isView(found: unknown): found is SavedView {
  const { name, query } = (found ?? {}) as Partial<SavedView>;
  return typeof name === "string" && name !== "" && typeof query === "string";
}

function nameOf(text: string): string {
  return text.trim().replace(/\s+/g, " ").slice(0, NAME_MAX);
}
