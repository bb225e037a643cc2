/** A website's days in figures. */

import { useMemo } from "preact/hooks";
import type { Day, Website } from "../api/types.ts";
import { useFetched } from "../shell/fetched.ts";
import { count } from "../shell/format.ts";
import { Period, usePeriodStart } from "../shell/period.tsx";
import { Trouble } from "../shell/trouble.tsx";
import { Chart } from "./chart.tsx";
import { withoutGaps } from "./days.ts";
import { WhatChanged } from "./what_changed.tsx";
import { WorthWatching } from "./worth_watching.tsx";

const STANDARD = "30d";
const EVERY_MS = 60_000;

export function OverviewPage({ website }: { website: Website }) {
  const from = usePeriodStart(STANDARD);
  const question = new URLSearchParams({ from: useBefore(from) });
  const api = `/api/websites/${encodeURIComponent(website.website_id)}`;
  const { value, problem, retry } = useFetched<{ days: Day[] }>(
    `${api}/days?${question}`,
    EVERY_MS,
  );
  const all = value?.days ?? [];
  const days = withoutGaps(all.filter(({ date }) => date >= from.slice(0, 10)));
  const sum = (name: "sessions" | "pageViews" | "errorSessions" | "frustratedSessions") =>
    days.reduce((total, day) => total + (day[name] ?? 0), 0);
  const sessions = sum("sessions");
  const share = (part: number) => (sessions > 0 ? `${Math.round((100 * part) / sessions)} %` : "–");
  return (
    <main class="page" id="main">
      <header class="page-head">
        <h1>Overview</h1>
        <output class="dim">{value ? "by day, UTC" : ""}</output>
        <Period standard={STANDARD} />
      </header>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {!value && !problem && <p class="dim loading">Adding up days …</p>}
      {value && days.length === 0 && (
        <div class="notice">
          <h2>No days yet</h2>
          <p>A day appears here some minutes after its first session.</p>
        </div>
      )}
      {days.length > 0 && (
        <>
          <dl class="figures">
            <Figure name="Sessions" value={count(sessions)} />
            <Figure name="Page views" value={count(sum("pageViews"))} />
            <Figure name="With errors" value={share(sum("errorSessions"))} />
            <Figure name="With frustration" value={share(sum("frustratedSessions"))} />
          </dl>
          <div class="advice">
            <WorthWatching api={api} from={from} />
            <WhatChanged api={api} days={all} from={from} />
          </div>
          <Chart
            title="Sessions and visitors"
            days={days}
            lines={[
              { label: "Sessions", colour: "--accent", read: (day) => day.sessions },
              { label: "Visitors", colour: "--dim", dash: [5, 4], read: (day) => day.visitors },
            ]}
          />
          <Chart
            title="Sessions with trouble"
            days={days}
            lines={[
              { label: "Errors", colour: "--bad", read: (day) => day.errorSessions },
              { label: "Frustration", colour: "--warm", read: (day) => day.frustratedSessions },
            ]}
          />
        </>
      )}
    </main>
  );
}

/** Return when the period before this one began, which is as long. */
function useBefore(from: string): string {
  return useMemo(() => new Date(2 * Date.parse(from) - Date.now()).toISOString(), [from]);
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
