/**
 * Where one is, by the History API. Ordinary links do: a click on one that leads to a page of the
 * dashboard changes the address without loading anything.
 */

import { signal } from "@preact/signals";

export interface Route {
  page:
    | "sessions"
    | "session"
    | "errors"
    | "error"
    | "frustration"
    | "heatmap"
    | "overview"
    | "settings"
    | "shared";
  /** A session's id, an error's fingerprint, a part, a link's token; "" where there is none. */
  id: string;
}

const PAGES: Record<string, { all?: Route["page"]; one?: Route["page"] }> = {
  "": { all: "sessions" },
  sessions: { all: "sessions", one: "session" },
  errors: { all: "errors", one: "error" },
  frustration: { all: "frustration" },
  heatmap: { all: "heatmap" },
  overview: { all: "overview" },
  settings: { all: "settings", one: "settings" },
  shared: { one: "shared" },
};

/** The page that a path leads to; null: none of the dashboard's. */
export function routeOf(path: string): Route | null {
  const [, first = "", id = "", ...more] = path.split("/");
  const found = Object.hasOwn(PAGES, first) ? PAGES[first] : undefined;
  const page = id ? found?.one : found?.all;
  return page && more.length === 0 ? { page, id: decoded(id) } : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const address = signal(new URL("http://dashboard/"));

/** Go to an address of the dashboard, such as `/sessions?live=true`. */
export function go(to: string, { isSamePage = false } = {}): void {
  history.replaceState({ scrolledTo: scrollY }, "");
  history[isSamePage ? "replaceState" : "pushState"](null, "", to);
  address.value = new URL(location.href);
  if (!isSamePage) scrollTo(0, 0);
}

/** Follow the browser's address and clicks on links. */
export function start(): void {
  history.scrollRestoration = "manual";
  address.value = new URL(location.href);
  addEventListener("popstate", ({ state }) => {
    address.value = new URL(location.href);
    // Once the page is drawn.
    requestAnimationFrame(() => scrollTo(0, state?.scrolledTo ?? 0));
  });
  addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (!link || !isPlain || event.altKey || event.defaultPrevented || link.target) return;
    if (link.download || link.hash || link.origin !== location.origin) return;
    if (!routeOf(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
