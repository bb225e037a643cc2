/** Groups of like JavaScript errors, the one that was seen last first. */

import type { ErrorGroups, Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { ago, count, counted, moment } from "../shell/format.ts";
import { Trouble } from "../shell/trouble.tsx";
import { useWalk } from "../shell/walk.ts";
import { Trend } from "./trend.tsx";

const EVERY_MS = 15_000;
const GROUPS = 200; // as many as the API gives at once

export function ErrorsPage({ website }: { website: Website }) {
  const id = encodeURIComponent(website.website_id);
  const path = `/api/websites/${id}/errors?limit=${GROUPS}`;
  const { value, problem, retry } = useFetched<ErrorGroups>(path, EVERY_MS);
  const linkOf = (fingerprint: string) => linkTo(`/errors/${encodeURIComponent(fingerprint)}`);
  const chosen = useWalk(value?.errors.map((one) => one.fingerprint) ?? [], linkOf);
  const nowMs = Date.now();
  return (
    <main class="page" id="main">
      <header class="page-head">
        <h1>Errors</h1>
        <output class="dim">{value ? counted(value.total, "group") : ""}</output>
      </header>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {!value && !problem && <p class="dim loading">Looking for errors …</p>}
      {value?.errors.length === 0 && (
        <div class="notice">
          <h2>No errors</h2>
          <p>
            JavaScript errors of recorded sessions appear here, like ones together, within minutes.
          </p>
        </div>
      )}
      {value && value.errors.length > 0 && (
        <table class="errors">
          <thead>
            <tr>
              <th scope="col">Error</th>
              <th scope="col">30 days</th>
              <th scope="col">Last seen</th>
              <th scope="col" class="number">
                Times
              </th>
              <th scope="col" class="number">
                Sessions
              </th>
              <th scope="col" class="number">
                Visitors
              </th>
            </tr>
          </thead>
          <tbody>
            {value.errors.map((group) => (
              <tr
                key={group.fingerprint}
                id={`row-${group.fingerprint}`}
                class={group.fingerprint === chosen ? "chosen" : ""}
              >
                <td class="what">
                  <a href={linkOf(group.fingerprint)}>
                    <bdi>{group.message || "(no message)"}</bdi>
                  </a>
                  {group.source && <span class="dim">{group.source}</span>}
                </td>
                <td class="days">
                  <Trend byDay={group.byDay} nowMs={nowMs} />
                </td>
                <td>
                  <time dateTime={group.lastSeenAt} title={moment(group.lastSeenAt)}>
                    {ago(group.lastSeenAt, nowMs)}
                  </time>
                  <span class="dim">first {ago(group.firstSeenAt, nowMs)}</span>
                </td>
                <td class="number" data-label="times">
                  {count(group.count)}
                </td>
                <td class="number" data-label="sessions">
                  {count(group.sessions)}
                </td>
                <td class="number" data-label="visitors">
                  {count(group.visitors)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </main>
  );
}
