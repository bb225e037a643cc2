/** What is above every page: where one can go, which website is looked at, and the way out. */

import { useEffect, useRef } from "preact/hooks";
import { choose, linkTo, me, signOut, website } from "./account.ts";
import type { Route } from "./route.ts";

const PAGES: { path: string; label: string; of: Route["page"][] }[] = [
  { path: "/sessions", label: "Sessions", of: ["sessions", "session"] },
  { path: "/errors", label: "Errors", of: ["errors", "error"] },
  { path: "/frustration", label: "Frustration", of: ["frustration"] },
  { path: "/heatmap", label: "Heatmap", of: ["heatmap"] },
  { path: "/overview", label: "Overview", of: ["overview"] },
];

export function Header({ route, onHelp }: { route: Route; onHelp: (() => void) | null }) {
  const websites = me.value?.websites ?? [];
  const nav = useRef<HTMLElement>(null);
  // On a phone not all have room.
  useEffect(() => {
    const place = { inline: "nearest", block: "nearest" } as const;
    nav.current?.querySelector("[aria-current]")?.scrollIntoView(place);
  }, [route.page]);
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <a class="brand" href={linkTo("/sessions")}>
        replaylake
      </a>
      <nav aria-label="Pages" ref={nav}>
        {PAGES.map(({ path, label, of }) => (
          <a
            href={linkTo(path)}
            key={path}
            aria-current={of.includes(route.page) ? "page" : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
      {websites.length > 1 ? (
        <select
          aria-label="Website"
          value={website.value?.website_id}
          onChange={(event) => choose(event.currentTarget.value)}
        >
          {websites.map((one) => (
            <option value={one.website_id} key={one.website_id}>
              {one.name}
            </option>
          ))}
        </select>
      ) : (
        <span class="website">{website.value?.name}</span>
      )}
      {onHelp && (
        <button
          type="button"
          class="plain"
          onClick={onHelp}
          aria-label="Keys and help"
          title="Keys (?)"
        >
          ?
        </button>
      )}
      <button type="button" class="plain" onClick={signOut}>
        Sign out
      </button>
    </header>
  );
}
