/** Whether sessions are recorded, and which. */

import { saved, written } from "./draft.ts";
import { Choice, Line, Lines, Switch } from "./form.tsx";

const MODES = [
  {
    value: "all",
    label: "All",
    about: "A share of all sessions, each from its beginning. It is listed while it still goes on.",
  },
  {
    value: "errors_only",
    label: "Errors only",
    about: "Sessions in which JavaScript fails, from a minute before. Others never leave the page.",
  },
  {
    value: "smart",
    label: "Smart",
    about: "Sessions in which one of the rules below matches, from a minute before.",
  },
];

export function Recording() {
  const mode =
    written.value.session_replay_trigger ?? saved.value?.feature_flags.session_replay_trigger;
  const isFree = saved.value?.plan === "free";
  return (
    <>
      <section class="card">
        <Switch name="enable_session_replay">
          Recorders of new page views follow within seconds. What is stored stays.
        </Switch>
        {isFree && (
          <p class="says">The plan “free” does not record, whatever is switched on here.</p>
        )}
        <Choice name="session_replay_trigger" options={MODES} />
      </section>
      <section class={mode === "all" ? "card" : "card unused"}>
        <h2>Mode “All”</h2>
        {mode !== "all" && <Unused />}
        <Line name="replay_sampling_rate" unit="%">
          Drawn once for a session, so that all of its pages agree.
        </Line>
      </section>
      <section class={mode === "smart" ? "card" : "card unused"}>
        <h2>Mode “Smart”</h2>
        {mode !== "smart" && <Unused />}
        <p>A session is kept as soon as one of these happens:</p>
        <div class="columns">
          <Switch name="errors">An exception that nobody catches.</Switch>
          <Switch name="rage_clicks">Three or more clicks within half a second on one spot.</Switch>
          <Switch name="dead_clicks">
            A click on what is no control, to which nothing reacts.
          </Switch>
          <Switch name="form_abandonment">A form that was begun and left without success.</Switch>
          <Line name="pages_min">So many pages were viewed.</Line>
          <Line name="engaged_s" unit="s">
            The visitor was active for so long.
          </Line>
        </div>
        <Lines name="url_patterns">
          One to a line: a part of path, query or fragment, such as <code>checkout</code>. The host
          does not count, nor does case.
        </Lines>
      </section>
    </>
  );
}

function Unused() {
  return <p class="dim">Not in use now: another mode is chosen.</p>;
}
