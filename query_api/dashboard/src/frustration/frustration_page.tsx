/** Where a website frustrates most: pages, elements or kinds of signals, each with sessions to see. */

import type { Frustrating, Frustration, Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { count, counted, place, signalName } from "../shell/format.ts";
import { Period, usePeriodStart } from "../shell/period.tsx";
import { address, go } from "../shell/route.ts";
import { Trouble } from "../shell/trouble.tsx";

const STANDARD = "7d";
const LEAD_MS = 5000; // what led to a signal is seen before it
const BY = { page: "Pages", target: "Elements", signal: "Signals" } as const;
type By = keyof typeof BY;

export function FrustrationPage({ website }: { website: Website }) {
  const asked = address.value.searchParams.get("by") ?? "";
  const by: By = Object.hasOwn(BY, asked) ? (asked as By) : "page";
  const question = new URLSearchParams({ by, from: usePeriodStart(STANDARD), limit: "50" });
  const id = encodeURIComponent(website.website_id);
  const path = `/api/websites/${id}/frustration?${question}`;
  const { value, problem, retry } = useFetched<Frustration>(path);
  const show = (chosen: By) => {
    const view = new URLSearchParams(address.value.searchParams);
    view.set("by", chosen);
    go(`/frustration?${view}`);
  };
  return (
    <main class="page" id="main">
      <header class="page-head">
        <h1>Frustration</h1>
        <output class="dim">
          {value ? counted(value.total, BY[by].toLowerCase().slice(0, -1)) : ""}
        </output>
        <Period standard={STANDARD} />
      </header>
      <div class="filter-line">
        {(Object.keys(BY) as By[]).map((one) => (
          <button
            type="button"
            class="toggle"
            aria-pressed={one === by}
            onClick={() => show(one)}
            key={one}
          >
            {BY[one]}
          </button>
        ))}
      </div>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {!value && !problem && <p class="dim loading">Looking for what frustrates …</p>}
      {value?.groups.length === 0 && (
        <div class="notice">
          <h2>Nothing frustrates</h2>
          <p>
            Rage clicks, dead clicks, abandoned forms and the like appear here once their sessions
            have ended.
          </p>
        </div>
      )}
      {value && value.groups.length > 0 && (
        <table class="frustration">
          <thead>
            <tr>
              <th scope="col">{BY[by].slice(0, -1)}</th>
              <th scope="col">Signals</th>
              <th scope="col" class="number">
                Sessions
              </th>
              <th scope="col" class="number">
                Visitors
              </th>
              <th scope="col">See it</th>
            </tr>
          </thead>
          <tbody>
            {value.groups.map((group) => (
              <Group
                group={group}
                key={`${group.url} ${group.target} ${group.text} ${group.kind}`}
              />
            ))}
          </tbody>
        </table>
      )}
    </main>
  );
}

function Group({ group }: { group: Frustrating }) {
  const { url, target, text, kind, share } = group;
  const isPage = !kind && !target && url !== null;
  return (
    <tr>
      <td class="what">
        <a href={sessionsLink(group)}>
          <bdi>{kind ? signalName(kind) : target ? text || target : place(url)}</bdi>
        </a>
        {target && (
          <span class="dim">
            <bdi>
              {text ? `${target} on ` : "on "}
              {place(url)}
            </bdi>
          </span>
        )}
        {isPage && (
          <a class="heat-link" href={linkTo("/heatmap", { url })}>
            Heatmap<span class="unseen"> of {place(url)}</span>
          </a>
        )}
      </td>
      <td class="signals">
        {Object.entries(group.kinds).map(([one, number]) => (
          <span class="tag" key={one}>
            {signalName(one)} {count(number)}
          </span>
        ))}
      </td>
      <td class="number">
        {count(group.sessions)}
        <span class="narrow"> {group.sessions === 1 ? "session" : "sessions"}</span>
        {share !== null && <span class="dim">{Math.round(share * 100)} % of those who saw it</span>}
      </td>
      <td class="number">
        {count(group.visitors)}
        <span class="narrow"> {group.visitors === 1 ? "visitor" : "visitors"}</span>
      </td>
      <td class="examples">
        {group.examples.map((one, number) => (
          <a
            class="button"
            key={one.sessionId}
            href={linkTo(`/sessions/${encodeURIComponent(one.sessionId)}`, {
              t: String(Math.max(0, Math.floor((one.atMs - LEAD_MS) / 1000))),
            })}
            aria-label={`Session ${number + 1}`}
          >
            {number + 1}
          </a>
        ))}
      </td>
    </tr>
  );
}

/** The list of the sessions that a group is about. */
function sessionsLink({ url, kind }: Frustrating): string {
  if (kind) return linkTo("/sessions", { signal: kind, sort: "frustration" });
  return linkTo("/sessions", { hasFrustration: "true", url: url ?? "", sort: "frustration" });
}
