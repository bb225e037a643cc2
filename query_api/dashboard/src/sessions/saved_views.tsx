/** The views that have names, as links above the list; the one that is shown can be changed. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { keepViews, queryOf, renamed, viewsOf, without, withView } from "./saved.ts";

export function SavedViews({ website, view }: { website: Website; view: URLSearchParams }) {
  const [asks, setAsks] = useState<"name" | "new name" | null>(null);
  const id = website.website_id;
  const views = viewsOf(id);
  const query = queryOf(view);
  const shown = views.find((one) => one.query === query);
  useEffect(() => setAsks(null), [id, query]);
  if (views.length === 0 && !query) return null;
  const done = (name: string) => {
    if (name && shown) keepViews(id, renamed(views, shown.name, name));
    else if (name) keepViews(id, withView(views, name, query));
    setAsks(null);
  };
  return (
    <section class="views" aria-label="Saved views">
      {views.map(({ name, query: of }) => (
        <a
          class="chip"
          href={linkTo("/sessions", new URLSearchParams(of))}
          aria-current={of === query ? "page" : undefined}
          key={name}
        >
          <bdi>{name}</bdi>
        </a>
      ))}
      {asks && (
        <Name
          label={asks === "name" ? "Name of this view" : "New name"}
          value={asks === "name" ? "" : (shown?.name ?? "")}
          taken={views.map(({ name }) => name).filter((name) => name !== shown?.name)}
          onDone={done}
        />
      )}
      {!asks && query && !shown && (
        <button type="button" class="plain" onClick={() => setAsks("name")}>
          Save this view
        </button>
      )}
      {!asks && shown && (
        <>
          <button type="button" class="plain" onClick={() => setAsks("new name")}>
            Rename
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => keepViews(id, without(views, shown.name))}
          >
            Delete
          </button>
        </>
      )}
    </section>
  );
}

interface NameProps {
  label: string;
  value: string;
  /** Names of other views, one of which would go. */
  taken: string[];
  /** Told the name, or "" for none. */
  onDone: (name: string) => void;
}

function Name({ label, value, taken, onDone }: NameProps) {
  const field = useRef<HTMLInputElement>(null);
  const [written, setWritten] = useState(value);
  useEffect(() => field.current?.select(), []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone(written.trim());
      }}
    >
      <input
        ref={field}
        aria-label={label}
        aria-describedby="view-about"
        placeholder={label}
        maxLength={60}
        autocomplete="off"
        value={written}
        onInput={(event) => setWritten(event.currentTarget.value)}
        onKeyDown={({ key }) => key === "Escape" && onDone("")}
      />
      <button type="submit">{taken.includes(written.trim()) ? "Replace" : "Save"}</button>
      <button type="button" class="plain" onClick={() => onDone("")}>
        Cancel
      </button>
      <span class="dim" id="view-about">
        Kept in this browser only. One that names a user or visitor is forgotten when you sign out;
        to share a view, send its address.
      </span>
    </form>
  );
}
