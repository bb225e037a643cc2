/** What is above every page: where one can go, which website is looked at, and the way out. */

import { hasDraft } from "../settings/draft.ts";
import { choose, linkTo, me, signOut, website } from "./account.ts";
import { useCentred } from "./centred.ts";
import type { Route } from "./route.ts";

const PAGES: { path: string; label: string; of: Route["page"][] }[] = [
  { path: "/sessions", label: "Sessions", of: ["sessions", "session"] },
  { path: "/errors", label: "Errors", of: ["errors", "error"] },
  { path: "/frustration", label: "Frustration", of: ["frustration"] },
  { path: "/heatmap", label: "Heatmap", of: ["heatmap"] },
  { path: "/overview", label: "Overview", of: ["overview"] },
  { path: "/settings", label: "Settings", of: ["settings"] },
];

export function Header({ route, onHelp }: { route: Route; onHelp: (() => void) | null }) {
  const pages = useCentred(route.page);
  const websites = me.value?.websites ?? [];
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <a class="brand" href={linkTo("/sessions")}>
        replaylake
      </a>
      <nav aria-label="Pages" ref={pages}>
        {PAGES.map(({ path, label, of }) => (
          <a
            href={linkTo(path)}
            key={path}
            aria-current={of.includes(route.page) ? "page" : undefined}
          >
            {label}
            {path === "/settings" && hasDraft.value && (
              <span class="unsaved" role="img" aria-label="unsaved changes" />
            )}
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
