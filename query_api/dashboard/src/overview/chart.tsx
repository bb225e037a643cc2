/** Lines over days, drawn by uPlot in the colours of the page. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Day } from "../api/types.ts";

const HEIGHT = 220; // CSS px

interface Line {
  label: string;
  /** A custom property of the page. */
  colour: string;
  /** Where it may lie on another line, which is seen between its dashes. */
  dash?: number[];
  read: (day: Day) => number | null;
}

interface Props {
  title: string;
  /** The oldest first. */
  days: Day[];
  lines: Line[];
}

export function Chart({ title, days, lines }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = JSON.stringify(
    days.map((day) => [day.date, ...lines.map(({ read }) => read(day))]),
  );
  // Of days and lines nothing is shown but what `drawn` tells.
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(optionsOf(lines, element), dataOf(days, lines), element);
    };
    draw();
    const sized = new ResizeObserver(() =>
      plot?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    sized.observe(element);
    scheme.addEventListener("change", draw);
    return () => {
      scheme.removeEventListener("change", draw);
      sized.disconnect();
      plot?.destroy();
    };
  }, [drawn]);
  return (
    <section class="chart">
      <h2>{title}</h2>
      <div ref={place} role="img" aria-label={saidOf(days, lines)} />
    </section>
  );
}

/** What the lines show, for those who do not see them. */
function saidOf(days: Day[], lines: Line[]): string {
  const sums = lines.map(({ label, read }) => {
    const sum = days.reduce((total, day) => total + (read(day) ?? 0), 0);
    return `${sum} ${label.toLowerCase()}`;
  });
  return `${sums.join(" and ")} from ${days[0]?.date} to ${days.at(-1)?.date}`;
}

function dataOf(days: Day[], lines: Line[]): uPlot.AlignedData {
  const times = days.map(({ date }) => Date.parse(`${date}T00:00:00Z`) / 1000);
  return [times, ...lines.map(({ read }) => days.map((day) => read(day) ?? null))];
}

function optionsOf(lines: Line[], element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { y: { range: (_, __, most) => [0, Math.max(4, (most ?? 0) * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, values: "{MMM} {D}", incrs: [86_400, 7 * 86_400] },
      { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000, 100_000] },
    ],
    series: [
      { label: "Day", value: (plot, _, __, day) => dateAt(plot, day ?? plot.data[0].length - 1) },
      ...lines.map(
        ({ label, colour: name, dash }): uPlot.Series => ({
          label,
          // Where nobody points at a day, the legend tells of the last.
          value: (plot, _, series, day) => String(plot.data[series]?.at(day ?? -1) ?? "–"),
          stroke: colour(name),
          width: 2,
          ...(dash ? { dash } : {}),
          points: { size: 6, fill: colour(name) },
        }),
      ),
    ],
  };
}

function dateAt(plot: uPlot, day: number): string {
  const seconds = plot.data[0][day];
  return seconds === undefined ? "" : new Date(seconds * 1000).toISOString().slice(0, 10);
}
