/** Why there are no sessions, and what to do about it. */

import type { Settings } from "../api/keeping.ts";
import type { Website } from "../api/types.ts";
import { Snippet } from "../install/snippet.tsx";
import { WhyNothing } from "../install/why_nothing.tsx";
import { linkTo, me } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";

const EVERY_MS = 15_000; // somebody may mend them meanwhile

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
  return website.records ? <None website={website} /> : <Off website={website} />;
}

function None({ website }: { website: Website }) {
  const path = `/api/websites/${encodeURIComponent(website.website_id)}`;
  const { value } = useFetched<Settings>(path, EVERY_MS);
  return (
    <div class="notice">
      <h2>No sessions yet</h2>
      <p>Put this into every page of {website.name}, and open one. It appears here in seconds.</p>
      <Snippet websiteId={website.website_id} />
      {value && (
        <details>
          <summary>Nothing comes?</summary>
          <WhyNothing settings={value} />
        </details>
      )}
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
        <p>
          {website.name} records nothing until it is switched on
          {me.value?.role === "admin" && (
            <>
              , in the <a href={linkTo("/settings")}>settings</a> or
            </>
          )}
          :
        </p>
      )}
      <pre>
        replaylake website set {website.website_id}{" "}
        {isSwitchedOn ? "plan=pro" : "enable_session_replay=true session_replay_trigger=all"}
      </pre>
    </div>
  );
}
