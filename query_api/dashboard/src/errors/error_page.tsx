/** One group of errors: each time it happened, with its stack and the way to the moment. */

import type { Occurrence, Occurrences, Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { ago, clock, counted, moment } from "../shell/format.ts";
import { Trouble } from "../shell/trouble.tsx";
import { Trend } from "./trend.tsx";

const LEAD_MS = 5000; // what led to an error is seen before it
const SHOWN = 100;

export function ErrorPage({ website, fingerprint }: { website: Website; fingerprint: string }) {
  const id = encodeURIComponent(website.website_id);
  const path = `/api/websites/${id}/errors/${encodeURIComponent(fingerprint)}?limit=${SHOWN}`;
  const { value, problem, retry } = useFetched<Occurrences>(path);
  const newest = value?.occurrences[0];
  const nowMs = Date.now();
  return (
    <main class="page" id="main">
      <p class="back">
        <a href={linkTo("/errors")}>← Errors</a>
      </p>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {!value && !problem && <p class="dim loading">Looking for where it happened …</p>}
      {value && !newest && (
        <div class="notice">
          <h1>This error is not there</h1>
          <p>Its sessions may have been erased, or are older than the website keeps them.</p>
        </div>
      )}
      {value && newest && (
        <>
          <header class="page-head">
            <h1 class="message">
              <bdi>{newest.message || "(no message)"}</bdi>
            </h1>
            <output class="dim">
              {value.total > value.occurrences.length
                ? `the newest ${value.occurrences.length} of ${counted(value.total, "time")}`
                : counted(value.total, "time")}
            </output>
          </header>
          {value.byDay && (
            <figure class="chart">
              <figcaption class="dim">How often, in the last 30 days (UTC)</figcaption>
              <Trend byDay={value.byDay} nowMs={nowMs} />
            </figure>
          )}
          <ol class="occurrences">
            {value.occurrences.map((one, number) => (
              <Happened
                key={`${one.sessionId} ${one.atMs} ${number}`}
                {...{ one, nowMs }}
                isFirst={number === 0}
              />
            ))}
          </ol>
        </>
      )}
    </main>
  );
}

function Happened(props: { one: Occurrence; nowMs: number; isFirst: boolean }) {
  const { one, nowMs, isFirst } = props;
  return (
    <li>
      <div class="occurrence">
        <time dateTime={one.seenAt} title={moment(one.seenAt)}>
          {ago(one.seenAt, nowMs)}
        </time>
        <span class="dim">
          Visitor {one.visitorId.slice(0, 6)}, {clock(one.atMs)} into the session · {one.source}
        </span>
        <a class="button" href={momentLink(one)}>
          View session
        </a>
      </div>
      {one.stack && (
        <details open={isFirst}>
          <summary>Stack</summary>
          <pre>{one.stack}</pre>
        </details>
      )}
    </li>
  );
}

/** The address of the session, some seconds before it happened. */
function momentLink({ sessionId, atMs }: Occurrence): string {
  const seconds = Math.max(0, Math.floor((atMs - LEAD_MS) / 1000));
  return linkTo(`/sessions/${encodeURIComponent(sessionId)}`, { t: String(seconds) });
}
