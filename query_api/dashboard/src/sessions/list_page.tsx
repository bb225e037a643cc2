/** The list of sessions: it fills itself while one scrolls, and is walked through by keys. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { repeated } from "../shell/fetched.ts";
import { counted } from "../shell/format.ts";
import { address, go } from "../shell/route.ts";
import { Trouble } from "../shell/trouble.tsx";
import { useWalk } from "../shell/walk.ts";
import { Download } from "./download.tsx";
import { Empty } from "./empty.tsx";
import { EVERY_MS, feed, loadMore, refresh } from "./feed.ts";
import { FilterBar } from "./filter_bar.tsx";
import { chipsOf } from "./filters.ts";
import { Row } from "./row.tsx";
import { SavedViews } from "./saved_views.tsx";

export function ListPage({ website }: { website: Website }) {
  const view = address.value.searchParams;
  const asked = view.toString();
  const [round, setRound] = useState(0);
  const { sessions, total, isLoaded, isLoadingMore, nextCursor, problem } = feed.value;
  useEffect(
    () =>
      repeated(EVERY_MS, (stop) => refresh(website.website_id, new URLSearchParams(asked), stop)),
    [website.website_id, asked, round],
  );
  const chosen = useWalk(
    sessions.map((one) => one.sessionId),
    (id) => linkTo(`/sessions/${id}`),
  );
  const clear = () => go(linkTo("/sessions"));
  const isFiltered = chipsOf(view).length > 0;
  const isEmpty = isLoaded && !isFiltered && sessions.length === 0;
  const nowMs = Date.now();
  return (
    <main class="page" id="main">
      <header class="page-head">
        <h1>Sessions</h1>
        <output class="dim">{isLoaded ? counted(total, "session") : ""}</output>
        <Download website={website} view={view} isEmpty={sessions.length === 0} />
      </header>
      {!isEmpty && <SavedViews website={website} view={view} />}
      {!isEmpty && <FilterBar view={view} sessions={sessions} />}
      {problem && <Trouble problem={problem} onRetry={() => setRound(round + 1)} onClear={clear} />}
      {!isLoaded && !problem && <p class="dim loading">Looking for sessions …</p>}
      {isLoaded && sessions.length === 0 && (
        <Empty website={website} isFiltered={isFiltered} onClear={clear} />
      )}
      {sessions.length > 0 && (
        <table class="sessions">
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Where</th>
              <th scope="col">With</th>
              <th scope="col">How long</th>
              <th scope="col">What went wrong</th>
              <th scope="col">Score</th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <Row
                key={session.sessionId}
                session={session}
                isChosen={session.sessionId === chosen}
                nowMs={nowMs}
              />
            ))}
          </tbody>
        </table>
      )}
      {nextCursor && (
        <More
          isLoading={isLoadingMore}
          onNear={() => loadMore(website.website_id, new URLSearchParams(asked))}
        />
      )}
    </main>
  );
}

/** The end of the list: the next page is asked for before one gets there. */
function More({ isLoading, onNear }: { isLoading: boolean; onNear: () => void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isLoading || !end.current) return;
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && onNear(), {
      rootMargin: "600px",
    });
    seen.observe(end.current);
    return () => seen.disconnect();
  });
  return (
    <div class="more" ref={end}>
      <button type="button" class="plain" disabled={isLoading} onClick={onNear}>
        {isLoading ? "Loading …" : "Show more"}
      </button>
    </div>
  );
}
