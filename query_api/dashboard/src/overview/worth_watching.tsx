/** Three sessions to watch first, each with its reason and the moment that shows it. */

import { useEffect, useState } from "preact/hooks";
import { ask } from "../api/client.ts";
import type { SessionList } from "../api/types.ts";
import { nameOf } from "../sessions/row.tsx";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { ago } from "../shell/format.ts";
import { type Moments, momentOf, REASONS, WORTH_MAX, type Worth, worthOf } from "./worth.ts";

const LEAD_MS = 5000; // what led to it is seen before it

export function WorthWatching({ api, from }: { api: string; from: string }) {
  const [found, setFound] = useState<Worth[] | null>(null);
  useEffect(() => {
    const ended = new AbortController();
    const limit = String(WORTH_MAX);
    const asked = REASONS.map(({ question }) =>
      ask<SessionList>(`${api}/sessions?${new URLSearchParams({ ...question, from, limit })}`, {
        signal: ended.signal,
      }).then(({ sessions }) => sessions),
    );
    // Without an answer there is nothing to advise; what is wrong is told by the page's own question.
    Promise.all(asked).then(
      (answers) => setFound(worthOf(answers)),
      () => {},
    );
    return () => ended.abort();
  }, [api, from]);
  if (!found?.length) return null;
  return (
    <section class="worth">
      <h2>Worth watching</h2>
      <ol>
        {found.map((one) => (
          <One api={api} {...one} key={one.session.sessionId} />
        ))}
      </ol>
    </section>
  );
}

function One({ api, session, reason }: Worth & { api: string }) {
  const id = encodeURIComponent(session.sessionId);
  const { value } = useFetched<Moments>(`${api}/sessions/${id}`);
  const atMs = value ? Math.max(0, momentOf(reason, value) - LEAD_MS) : 0;
  const query: Record<string, string> = atMs > 0 ? { t: String(Math.floor(atMs / 1000)) } : {};
  const message = reason.shows === "error" ? value?.errorEvents[0]?.message : null;
  return (
    <li>
      <a href={linkTo(`/sessions/${id}`, query)} data-ready={value !== null}>
        <bdi>{reason.tell(session)}</bdi>
      </a>
      {message && (
        <code>
          <bdi>{message}</bdi>
        </code>
      )}
      <span class="dim">
        {nameOf(session)} · {session.isLive ? "live" : ago(session.startedAt, Date.now())}
      </span>
    </li>
  );
}
