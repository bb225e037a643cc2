/** What to look at where a page is open and nothing arrives. */

import type { Settings } from "../api/keeping.ts";
import { linkTo, me } from "../shell/account.ts";
import { checksOf } from "./checks.ts";

const MARKS = { good: "✓", bad: "✗", mind: "!" };
const SAID = { good: "Fine", bad: "Wrong", mind: "Check" };

export function WhyNothing({ settings }: { settings: Settings }) {
  const isAdmin = me.value?.role === "admin";
  return (
    <>
      <ul class="checks" aria-label="What the settings say">
        {checksOf(settings).map(({ state, text, call, at }) => (
          <li class={state} key={text}>
            <span class="mark" role="img" aria-label={SAID[state]}>
              {MARKS[state]}
            </span>
            <span>
              {text} {call && <code class="whole">{call}</code>}{" "}
              {isAdmin && at !== undefined && <a href={linkTo(`/settings${at}`)}>Change it</a>}
            </span>
          </li>
        ))}
      </ul>
      <p>
        Ask the recorder: <code>replaylake.status()</code> in the page's console says whether it
        records and, if not, why. Add <code class="whole">?replaylake_debug=1</code> to the page's
        address, and the console tells each step.
      </p>
      <p>
        Is <code>replaylake</code> not defined there? Then the script did not come: the tag is
        missing, the page's Content-Security-Policy refuses it, or a content blocker does.
      </p>
      <p class="dim">
        Browsers that send Global Privacy Control are not recorded, nor are automated ones, except
        on localhost or with <code>data-bots="record"</code> on the tag.
      </p>
    </>
  );
}
