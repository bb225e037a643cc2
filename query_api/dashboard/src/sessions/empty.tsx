/** Why there are no sessions, and what to do about it. */

import type { Website } from "../api/types.ts";

export function Empty(props: { website: Website; isFiltered: boolean; onClear: () => void }) {
  const { website, isFiltered, onClear } = props;
  if (isFiltered) {
    return (
      <div class="notice">
        <h2>No session matches</h2>
        <p>Sessions that match will appear here by themselves.</p>
        <button type="button" onClick={onClear}>
          Clear filters
        </button>
      </div>
    );
  }
  if (!website.records) return <Off website={website} />;
  return (
    <div class="notice">
      <h2>No sessions yet</h2>
      <p>Put this into every page of {website.name}, and open one. It appears here in seconds.</p>
      <pre>{tagOf(website)}</pre>
      <p class="dim">
        Nothing comes? The page's origin must be one of the website's, and its
        Content-Security-Policy must allow the ingest host. Only{" "}
        {Math.round(website.feature_flags.replay_sampling_rate * 100)} % of sessions are drawn where
        the trigger is “all”; now it is “{website.feature_flags.session_replay_trigger}”.
      </p>
    </div>
  );
}

function Off({ website }: { website: Website }) {
  const isSwitchedOn = website.feature_flags.enable_session_replay;
  return (
    <div class="notice">
      <h2>Recording is off</h2>
      {isSwitchedOn ? (
        <p>The plan “{website.plan}” does not record. Who runs the lake can set another:</p>
      ) : (
        <p>{website.name} records nothing until it is switched on:</p>
      )}
      <pre>
        replaylake website set {website.website_id}{" "}
        {isSwitchedOn ? "plan=pro" : "enable_session_replay=true session_replay_trigger=all"}
      </pre>
    </div>
  );
}

function tagOf({ website_id }: Website): string {
  return `<script async src="https://YOUR-INGEST-HOST/r.js" data-website="${website_id}"></script>`;
}
