/** What the website is called, where its pages are, its plan, and for how long sessions are kept. */

import { saved } from "./draft.ts";
import { Line, Lines } from "./form.tsx";
import { firstDayOf, lastDayOf } from "./retention.ts";

export function WebsiteSettings() {
  const found = saved.value;
  if (!found) return null;
  const { plan, retention_days: days, website_id } = found;
  const nowMs = Date.now();
  return (
    <>
      <section class="card">
        <Line name="name">It stands above every page.</Line>
        <Lines name="origins">
          One to a line, as a browser sends it: <code>https://shop.example</code>, with its port
          where it has one, without a path. <code>*</code> lets pages of any origin record.
        </Lines>
      </section>
      <section class="card">
        <h2>Plan “{plan}”</h2>
        <p>
          Sessions are kept for <strong>{days} days</strong>. One that begins today can be watched
          until the end of {lastDayOf(days, nowMs)} (UTC). Those that began before{" "}
          {firstDayOf(days, nowMs)} are gone.
        </p>
        <p>{recordsOf(plan)}</p>
        <p class="dim">Who runs the lake sets the plan:</p>
        <pre>replaylake website set {website_id} plan=scale</pre>
        <p class="dim">
          The days count by the plan of now: another plan brings back what is still stored, or ends
          what is older.
        </p>
      </section>
    </>
  );
}

function recordsOf(plan: string): string {
  if (plan === "free") return "This plan does not record. Recordings can be imported.";
  if (plan === "enterprise") return "Failed and slow requests are recorded too.";
  return "Requests are not recorded: the plan “enterprise” does that.";
}
