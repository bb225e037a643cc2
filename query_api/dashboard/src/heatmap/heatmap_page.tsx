/** Where one page was clicked, and how far down it was seen, over the page itself. */

import { useCallback, useMemo, useState } from "preact/hooks";
import type { ClickedPages, Frustration, Heatmap, Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { count, counted, place, signalName } from "../shell/format.ts";
import { Period, usePeriodStart } from "../shell/period.tsx";
import { address, go } from "../shell/route.ts";
import { Trouble } from "../shell/trouble.tsx";
import { bandsOf } from "./depth.ts";
import { Heat, type Show } from "./heat.tsx";
import type { Target } from "./targets.ts";
import "./heatmap.css";

const STANDARD = "30d";
const LEAD_MS = 5000; // what led to a signal is seen before it
const VIEWPORTS = { desktop: "Desktop", tablet: "Tablet", mobile: "Mobile" } as const;
type Viewport = keyof typeof VIEWPORTS;
const SHOWS: Record<Show, string> = { clicks: "Clicks", depth: "Scroll depth" };
const TROUBLES_MAX = 5;

export function HeatmapPage({ website }: { website: Website }) {
  const view = address.value.searchParams;
  const from = usePeriodStart(STANDARD);
  const asked = view.get("viewport") ?? "";
  const viewport: Viewport = Object.hasOwn(VIEWPORTS, asked) ? (asked as Viewport) : "desktop";
  const show: Show = view.get("show") === "depth" ? "depth" : "clicks";
  const api = `/api/websites/${encodeURIComponent(website.website_id)}`;
  const pages = useFetched<ClickedPages>(
    `${api}/pages?${new URLSearchParams({ from, limit: "100" })}`,
  );
  const url = view.get("url") || pages.value?.pages[0]?.url || "";
  const turn = (name: string, value: string) => {
    const next = new URLSearchParams(address.value.searchParams);
    next.set(name, value);
    go(`/heatmap?${next}`);
  };
  const { problem, retry } = pages;
  return (
    <main class="page" id="main">
      <header class="page-head">
        <h1>Heatmap</h1>
        <output class="dim">{pages.value ? counted(pages.value.total, "page") : ""}</output>
        <Period standard={STANDARD} />
      </header>
      <div class="filter-line heat-line">
        {url && (
          <Pages pages={pages.value?.pages ?? []} url={url} onSet={(one) => turn("url", one)} />
        )}
        {url && <Choice of={VIEWPORTS} chosen={viewport} onSet={(one) => turn("viewport", one)} />}
        {url && <Choice of={SHOWS} chosen={show} onSet={(one) => turn("show", one)} />}
      </div>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {!pages.value && !problem && <p class="dim loading">Looking for pages …</p>}
      {pages.value && !url && (
        <div class="notice">
          <h2>No page yet</h2>
          <p>
            A page appears here some minutes after its first recorded visit has ended. If visits
            were longer ago, choose a longer period.
          </p>
          <a class="button" href={linkTo("/sessions")}>
            See the sessions
          </a>
        </div>
      )}
      {url && <One website={website} api={api} {...{ url, viewport, show, from }} />}
    </main>
  );
}

interface OneProps {
  website: Website;
  api: string;
  url: string;
  viewport: Viewport;
  show: Show;
  from: string;
}

function One({ website, api, url, viewport, show, from }: OneProps) {
  const question = new URLSearchParams({ url, viewport, from });
  const { value, problem, retry } = useFetched<Heatmap>(`${api}/heatmap?${question}`);
  const key = `${url} ${viewport} ${from}`;
  const [found, setFound] = useState<{ key: string; targets: Target[]; isDrawn: boolean }>();
  const onFound = useCallback(
    (targets: Target[], isDrawn: boolean) => setFound({ key, targets, isDrawn }),
    [key],
  );
  if (problem) return <Trouble problem={problem} onRetry={retry} />;
  if (!value) return <p class="dim loading">Adding up clicks …</p>;
  if (value.viewCount === 0) {
    return (
      <div class="notice">
        <h2>Nobody saw it on such a screen</h2>
        <p>
          In this period no {VIEWPORTS[viewport].toLowerCase()} view of <bdi>{place(url)}</bdi> was
          recorded. Choose another screen or a longer period.
        </p>
      </div>
    );
  }
  const known = found?.key === key ? found : null;
  return (
    <div class="heat-page-of">
      <div>
        <p class="heat-sum">
          {counted(value.viewCount, "view")} · {counted(value.clickCount, "click")}
          {value.clicksShown < value.clickCount && (
            <span class="dim"> · {count(value.clicksShown)} of them have a known place</span>
          )}
        </p>
        {known && !known.isDrawn && (
          <p class="heat-note" role="status">
            No recorded picture of this page is kept any more, so the clicks are shown on an empty
            page of its size.
          </p>
        )}
        <Heat
          websiteId={website.website_id}
          heatmap={value}
          viewport={viewport}
          show={show}
          found={onFound}
          key={key}
        />
        {show === "clicks" ? <Legend heatmap={value} /> : <p class="dim">Darker: fewer saw it.</p>}
        {known?.isDrawn && <How heatmap={value} />}
      </div>
      <aside class="heat-side">
        <Targets url={url} targets={known?.targets ?? null} all={value.clicksShown} />
        <Depth heatmap={value} />
        <Troubles api={api} url={url} from={from} />
      </aside>
    </div>
  );
}

interface PagesProps {
  pages: ClickedPages["pages"];
  url: string;
  onSet: (url: string) => void;
}

function Pages({ pages, url, onSet }: PagesProps) {
  const isKnown = pages.some((one) => one.url === url);
  return (
    <select
      aria-label="Page"
      value={url}
      onChange={({ currentTarget }) => onSet(currentTarget.value)}
    >
      {!isKnown && <option value={url}>{place(url)}</option>}
      {pages.map((one) => (
        <option value={one.url} key={one.url}>
          {place(one.url)} ({counted(one.clicks, "click")})
        </option>
      ))}
    </select>
  );
}

interface ChoiceProps<Name extends string> {
  of: Record<Name, string>;
  chosen: Name;
  onSet: (name: Name) => void;
}

function Choice<Name extends string>({ of, chosen, onSet }: ChoiceProps<Name>) {
  return (
    <div class="heat-choice">
      {(Object.keys(of) as Name[]).map((one) => (
        <button
          type="button"
          class="toggle"
          key={one}
          aria-pressed={one === chosen}
          onClick={() => onSet(one)}
        >
          {of[one]}
        </button>
      ))}
    </div>
  );
}

function Legend({ heatmap }: { heatmap: Heatmap }) {
  const most = heatmap.clicks[0]?.count ?? 0;
  if (most === 0) return <p class="dim">Nobody clicked here.</p>;
  return (
    <p class="heat-legend dim">
      <span>1 click</span>
      <span class="heat-scale" />
      <span>{counted(most, "click")} in one place</span>
    </p>
  );
}

/** Why heat may lie beside what it is of. */
function How({ heatmap }: { heatmap: Heatmap }) {
  const width = heatmap.background?.viewport.width;
  return (
    <p class="heat-how dim">
      Drawn as on a screen {width ? `${count(width)} px wide` : "of one visitor"}. Clicks of other
      widths lie at the same share of the width.
    </p>
  );
}

function Targets(props: { url: string; targets: Target[] | null; all: number }) {
  const { url, targets, all } = props;
  return (
    <section>
      <h2>Most clicked</h2>
      {targets === null && <p class="dim loading">Looking at the page …</p>}
      {targets?.length === 0 && <p class="dim">Nothing was clicked.</p>}
      {targets && targets.length > 0 && (
        <>
          <table class="heat-table">
            <thead>
              <tr>
                <th scope="col">Element</th>
                <th scope="col" class="number">
                  Clicks
                </th>
                <th scope="col" class="number">
                  Share
                </th>
              </tr>
            </thead>
            <tbody>
              {targets.map(({ name, count: clicks, y }) => (
                <tr key={`${name} ${y}`}>
                  <th scope="row">
                    <bdi>{name}</bdi>
                  </th>
                  <td class="number">{count(clicks)}</td>
                  <td class="number">{percent(clicks / Math.max(1, all))}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p>
            <a href={linkTo("/sessions", { url })}>Sessions that saw this page</a>
          </p>
        </>
      )}
    </section>
  );
}

function Depth({ heatmap }: { heatmap: Heatmap }) {
  const bands = useMemo(() => bandsOf(heatmap), [heatmap]);
  return (
    <section>
      <h2>Seen down to</h2>
      {bands.length === 0 ? (
        <p class="dim">It is not known how far down it was seen.</p>
      ) : (
        <table class="heat-table">
          <thead>
            <tr>
              <th scope="col">Of the views</th>
              <th scope="col" class="number">
                saw it down to
              </th>
            </tr>
          </thead>
          <tbody>
            {bands.map(({ share, y }) => (
              <tr key={y}>
                <th scope="row">{percent(share)}</th>
                <td class="number">{count(y)} px</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** The elements of this page that frustrate, each with a session that shows it. */
function Troubles({ api, url, from }: { api: string; url: string; from: string }) {
  const question = new URLSearchParams({ by: "target", from, limit: "200" });
  const { value } = useFetched<Frustration>(`${api}/frustration?${question}`);
  const mine = value?.groups.filter((group) => group.url === url).slice(0, TROUBLES_MAX) ?? [];
  if (mine.length === 0) return null;
  return (
    <section>
      <h2>What frustrates here</h2>
      <ul class="heat-troubles">
        {mine.map(({ target, text, kinds, examples }) => (
          <li key={`${target} ${text}`}>
            <bdi>{text || target}</bdi>{" "}
            {Object.entries(kinds).map(([kind, number]) => (
              <span class="tag" key={kind}>
                {signalName(kind)} {count(number)}
              </span>
            ))}
            {examples[0] && (
              <a
                href={linkTo(`/sessions/${encodeURIComponent(examples[0].sessionId)}`, {
                  t: String(Math.max(0, Math.floor((examples[0].atMs - LEAD_MS) / 1000))),
                })}
              >
                See it<span class="unseen"> happen to {text || target}</span>
              </a>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function percent(share: number): string {
  const whole = Math.round(100 * share);
  return whole === 0 && share > 0 ? "< 1 %" : `${whole} %`;
}
