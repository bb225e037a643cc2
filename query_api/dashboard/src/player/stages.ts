/**
 * Which page is shown when: a session of several pages, some open at once, as one film.
 *
 * The page that was opened last is the one that is watched, as long as it lasts; where it ends and
 * an older one goes on, that one is shown again.
 */

export interface PageView {
  pageId: string;
  url: string | null;
  title: string | null;
  atMs: number;
  duration: number;
}

/** One page on the stage. Stages follow each other without a break. */
export interface Stage {
  pageId: string;
  fromMs: number;
  toMs: number;
}

/** Return the stages of a session from 0 to `durationMs`, none where it has no page. */
export function stagesOf(views: readonly PageView[], durationMs: number): Stage[] {
  const loads = loadsOf(views);
  const moments = [...new Set(loads.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))];
  moments.sort((one, other) => one - other);
  const stages: Stage[] = [];
  const open: Stage[] = [];
  let next = 0;
  for (const moment of moments) {
    for (let load = loads[next]; load && load.fromMs <= moment; load = loads[++next])
      open.push(load);
    let shown = open.at(-1);
    while (shown && shown.toMs <= moment) {
      open.pop();
      shown = open.at(-1);
    }
    const last = stages.at(-1);
    if (!shown || shown.pageId === last?.pageId) continue;
    if (last) last.toMs = moment;
    stages.push({ pageId: shown.pageId, fromMs: moment, toMs: durationMs });
  }
  const first = stages[0];
  if (first) first.fromMs = 0;
  const last = stages.at(-1);
  if (last) last.toMs = Math.max(durationMs, last.fromMs);
  return stages;
}

/** One entry for each page load, from its first view to the end of its last, in order of start. */
function loadsOf(views: readonly PageView[]): Stage[] {
  const loads = new Map<string, Stage>();
  for (const { pageId, atMs, duration } of views) {
    const fromMs = Math.max(0, atMs);
    const toMs = fromMs + Math.max(1, duration);
    const known = loads.get(pageId);
    if (known) {
      known.fromMs = Math.min(known.fromMs, fromMs);
      known.toMs = Math.max(known.toMs, toMs);
    } else loads.set(pageId, { pageId, fromMs, toMs });
  }
  return [...loads.values()].sort((one, other) => one.fromMs - other.fromMs);
}

/** Return the view that is shown at a moment: the last one of the stage's page that has begun. */
export function viewAt(
  views: readonly PageView[],
  stages: readonly Stage[],
  atMs: number,
): PageView | null {
  const stage = stages.findLast(({ fromMs }) => fromMs <= atMs) ?? stages[0];
  let found: PageView | null = null;
  for (const view of views) {
    if (view.pageId !== stage?.pageId) continue;
    if (found === null || view.atMs <= atMs) found = view;
  }
  return found;
}
