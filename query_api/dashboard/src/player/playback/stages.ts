/**
 * Decide which page is shown when: a session of several pages, some open at once, as one film.
 *
 * The page whose view began last is shown, until a view begins on another page.
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

/**
 * Return the stages of a session from 0 to `durationMs`, none where it has no page.
 *
 * Args:
 *   views: In order of time.
 */
export function stagesOf(views: readonly PageView[], durationMs: number): Stage[] {
  const stages: Stage[] = [];
  for (const { pageId, atMs } of views) {
    const last = stages.at(-1);
    if (last?.pageId === pageId) continue;
    const fromMs = last ? Math.max(last.fromMs, atMs) : 0;
    if (last) last.toMs = fromMs;
    stages.push({ pageId, fromMs, toMs: Math.max(fromMs, durationMs) });
  }
  return stages;
}

/** Return the view that is shown at a moment: the last one that has begun. */
export function viewAt(views: readonly PageView[], atMs: number): PageView | null {
  return views.findLast((view) => view.atMs <= atMs) ?? views[0] ?? null;
}
