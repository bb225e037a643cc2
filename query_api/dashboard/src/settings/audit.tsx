/** The audit log: who did what, the newest first. */

import { useState } from "preact/hooks";
import { ask, Problem } from "../api/client.ts";
import type { AuditEntry, AuditLog } from "../api/keeping.ts";
import type { Website } from "../api/types.ts";
import { linkTo, me } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { ago, moment } from "../shell/format.ts";
import { Trouble } from "../shell/trouble.tsx";
import { actorOf, deedOf, detailsOf, sessionOf } from "./audit_words.ts";

const EVERY_MS = 15_000;
const PAGE = 50;

export function Audit({ website }: { website: Website }) {
  const path = `/api/websites/${encodeURIComponent(website.website_id)}/audit?limit=${PAGE}`;
  const { value, problem, retry } = useFetched<AuditLog>(path, EVERY_MS);
  const [older, setOlder] = useState<AuditLog | null>(null);
  const [trouble, setTrouble] = useState<Problem | null>(null);
  const next = older ? older.nextCursor : value?.nextCursor;
  const more = async () => {
    try {
      const found = await ask<AuditLog>(`${path}&cursor=${encodeURIComponent(next ?? "")}`);
      setOlder({
        ...found,
        entries: [...(older?.entries ?? value?.entries ?? []), ...found.entries],
      });
      setTrouble(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setTrouble(error);
    }
  };
  const entries = together(value?.entries ?? [], older?.entries ?? []);
  return (
    <>
      <p class="dim">
        Who changed settings, keys, links and holds, who erased, and who watched which session.
        Entries are written before the deed, and are never changed.
      </p>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {value && entries.length === 0 && <p>Nothing was done yet.</p>}
      {entries.length > 0 && (
        <table class="kept audit">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">Did what</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((one) => (
              <Entry one={one} key={one.entryId} />
            ))}
          </tbody>
        </table>
      )}
      {trouble && <Trouble problem={trouble} onRetry={more} />}
      {next && (
        <div class="more">
          <button type="button" onClick={more}>
            Show older ones
          </button>
        </div>
      )}
    </>
  );
}

/** The newest page, and what was asked for beyond it. */
function together(newest: AuditEntry[], older: AuditEntry[]): AuditEntry[] {
  const known = new Set(newest.map((one) => one.entryId));
  return [...newest, ...older.filter((one) => !known.has(one.entryId))];
}

function Entry({ one }: { one: AuditEntry }) {
  const session = sessionOf(one);
  return (
    <tr>
      <td>
        <time dateTime={one.at} title={moment(one.at)}>
          {ago(one.at, Date.now())}
        </time>
      </td>
      <td>
        <bdi>{actorOf(one, me.value?.keyId)}</bdi>
      </td>
      <td>
        {deedOf(one)}{" "}
        {session ? (
          <a class="id" href={linkTo(`/sessions/${encodeURIComponent(session)}`)}>
            {session}
          </a>
        ) : (
          one.target && <code class="id">{one.target}</code>
        )}
        <span class="dim">
          <bdi>{detailsOf(one).join(" · ")}</bdi>
        </span>
      </td>
    </tr>
  );
}
