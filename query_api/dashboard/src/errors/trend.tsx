/** How many errors each of the last days had, as bars. */

import type { ErrorGroup } from "../api/types.ts";
import { counted } from "../shell/format.ts";

const DAYS = 30;
const DAY_MS = 86_400_000;
const HEIGHT = 20;

export function Trend({ byDay, nowMs }: { byDay: ErrorGroup["byDay"]; nowMs: number }) {
  if (!byDay) return null;
  const counts = lastDays(byDay, nowMs);
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, x) => {
    const height = count > 0 ? Math.max(2, (HEIGHT * count) / most) : 0;
    return height > 0 ? `M${x * 3} ${HEIGHT}v-${height.toFixed(1)}` : "";
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <svg
      class="trend"
      preserveAspectRatio="xMinYMid"
      viewBox={`-1.5 0 ${DAYS * 3} ${HEIGHT + 1}`}
      role="img"
      aria-label={`${counted(total, "error")} in ${DAYS} days, ${counts.at(-1) ?? 0} today`}
    >
      <path class="strip-ground" d={`M-1.5 ${HEIGHT}.5h${DAYS * 3}`} />
      <path d={bars.join("")} />
    </svg>
  );
}

/** The counts of the last 30 UTC days, today's last. */
export function lastDays(byDay: { date: string; count: number }[], nowMs: number): number[] {
  const counts = new Map(byDay.map(({ date, count }) => [date, count]));
  return Array.from({ length: DAYS }, (_, number) => {
    const day = new Date(nowMs - (DAYS - 1 - number) * DAY_MS).toISOString().slice(0, 10);
    return counts.get(day) ?? 0;
  });
}
