/** The timeline: activity, marks to jump to, and the current moment. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { density, grouped, LEAD_MS, type Mark } from "../model/markers.ts";
import { pathOf } from "../model/marks.ts";
import { clock, span } from "../model/time_format.ts";
import { Axis, silencesOf } from "../model/timeline_axis.ts";
import type { Engine } from "../playback/engine.ts";
import type { Recording } from "../playback/source.ts";
import { viewAt } from "../playback/stages.ts";

const BAR_PX = 4;
const LABELS_MAX = 6;

interface TimelineProps {
  engine: Engine;
  recording: Recording;
  marks: readonly Mark[];
}

export function Timeline({ engine, recording, marks }: TimelineProps) {
  const strip = useRef<HTMLDivElement>(null);
  const width = useSignal(600);
  const hovered = useSignal<number | null>(null);
  const isDragged = useSignal(false);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) width.value = entry.contentRect.width;
    });
    observer.observe(strip.current as Element);
    return () => observer.disconnect();
  }, [width]);
  const axis = useComputed(() => {
    engine.revision.value;
    const duration = engine.durationMs.value;
    return new Axis(duration, silencesOf(moments(engine, marks), duration));
  });
  const placeOf = (event: PointerEvent) => {
    const { left, width: wide } = (strip.current as Element).getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / (wide || 1)));
  };
  const second = useComputed(() => Math.round(engine.atMs.value / 1_000)).value;
  return (
    <div class="player-timeline">
      <div
        class="player-strip"
        ref={strip}
        role="slider"
        tabIndex={0}
        aria-label="Moment of the session"
        aria-valuemin={0}
        aria-valuemax={Math.round(engine.durationMs.value / 1_000)}
        aria-valuenow={second}
        aria-valuetext={clock(second * 1_000)}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -5_000, ArrowRight: 5_000, PageDown: -60_000, PageUp: 60_000 }[
            event.key
          ];
          if (by) engine.seek(engine.atMs.value + by);
          else if (event.key === "Home") engine.seek(0);
          else if (event.key === "End") engine.seek(engine.durationMs.value);
          else return;
          event.preventDefault();
        }}
        onPointerDown={(event) => {
          isDragged.value = true;
          (event.currentTarget as Element).setPointerCapture(event.pointerId);
          engine.seek(axis.value.moment(placeOf(event)));
        }}
        onPointerMove={(event) => {
          hovered.value = placeOf(event);
          if (isDragged.value) engine.seek(axis.value.moment(hovered.value));
        }}
        onPointerUp={() => {
          isDragged.value = false;
        }}
        onPointerCancel={() => {
          isDragged.value = false;
        }}
        onPointerLeave={() => {
          hovered.value = null;
        }}
      >
        <Density
          engine={engine}
          axis={axis.value}
          width={width.value}
          activity={recording.activity ?? ""}
        />
        <Breaks axis={axis.value} />
        <Gaps axis={axis.value} recording={recording} />
        <Head engine={engine} axis={axis.value} />
        {hovered.value !== null && (
          <Preview recording={recording} axis={axis.value} place={hovered.value} />
        )}
      </div>
      <Marks engine={engine} marks={marks} axis={axis.value} width={width.value} />
    </div>
  );
}

function Head({ engine, axis }: { engine: Engine; axis: Axis }) {
  const place = `${axis.place(engine.atMs.value) * 100}%`;
  return (
    <>
      <div class="player-played" style={{ width: place }} />
      <div class="player-head" style={{ left: place }} />
    </>
  );
}

/** Return the times of all events, ascending. */
function moments(engine: Engine, marks: readonly Mark[]): number[] {
  const all = [...engine.interactions(), ...marks.map(({ atMs }) => atMs)];
  return all.sort((a, b) => a - b);
}

interface DensityProps {
  engine: Engine;
  axis: Axis;
  width: number;
  /** A digit for each equal part of the session, "" where they are not known. */
  activity: string;
}

function Density({ engine, axis, width, activity }: DensityProps) {
  engine.revision.value;
  const isTold = activity !== "" && axis.breaks.length === 0 && !engine.isWhole();
  const count = isTold ? activity.length : Math.max(10, Math.floor(width / BAR_PX));
  const bars = isTold
    ? [...activity].map((digit) => Number(digit) / 9 || 0)
    : density(engine.interactions(), axis, count);
  const path = bars
    .map((height, place) => (height ? `M${place + 0.15} 1h.7v${-(0.12 + 0.88 * height)}h-.7z` : ""))
    .join("");
  return (
    <svg
      class="player-density"
      viewBox={`0 0 ${count} 1`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

function Breaks({ axis }: { axis: Axis }) {
  return (
    <>
      {axis.breaks.map(({ fromMs, toMs }) => (
        <div
          key={fromMs}
          class="player-break"
          title={`${span(toMs - fromMs)} in which nothing was recorded`}
          style={{
            left: `${axis.place(fromMs) * 100}%`,
            width: `${(axis.place(toMs) - axis.place(fromMs)) * 100}%`,
          }}
        />
      ))}
    </>
  );
}

/** The pages with missing events: their times are not known. */
function Gaps({ axis, recording }: { axis: Axis; recording: Recording }) {
  const torn = new Set(recording.gaps.map(({ pageId }) => pageId));
  return (
    <>
      {recording.pageList
        .filter(({ pageId }) => torn.has(pageId))
        .map(({ pageId, atMs, duration }) => (
          <div
            key={pageId + atMs}
            class="player-gap"
            title="Of this page something never arrived"
            style={{
              left: `${axis.place(atMs) * 100}%`,
              width: `${(axis.place(atMs + duration) - axis.place(atMs)) * 100}%`,
            }}
          />
        ))}
    </>
  );
}

interface PreviewProps {
  recording: Recording;
  axis: Axis;
  place: number;
}

function Preview({ recording, axis, place }: PreviewProps) {
  const at = axis.moment(place);
  const view = viewAt(recording.pageList, at);
  return (
    <div class="player-preview" style={{ left: `clamp(5.5rem, ${place * 100}%, 100% - 5.5rem)` }}>
      <strong>{clock(at)}</strong> <bdi>{pathOf(view?.url ?? null) || view?.title}</bdi>
    </div>
  );
}

interface MarksProps {
  engine: Engine;
  marks: readonly Mark[];
  axis: Axis;
  width: number;
}

function Marks({ engine, marks, axis, width }: MarksProps) {
  engine.revision.value;
  const clicks = engine
    .notes()
    .flatMap(({ kind, atMs }): Mark[] =>
      kind === "click" ? [{ kind, atMs, label: "Click" }] : [],
    );
  return (
    <div class="player-marks">
      {grouped([...marks, ...clicks], axis, width).map((group) => {
        const label = labelOf(group.marks);
        return (
          <button
            type="button"
            key={`${group.kind}${group.atMs}`}
            class="player-mark"
            data-kind={group.kind}
            data-many={group.marks.length > 1}
            style={{ left: `${(group.x / (width || 1)) * 100}%` }}
            title={label}
            aria-label={`${clock(group.atMs)} ${label}`}
            tabIndex={-1}
            onClick={() => engine.seek(group.atMs - LEAD_MS)}
          />
        );
      })}
    </div>
  );
}

function labelOf(marks: readonly Mark[]): string {
  const clicks = marks.filter(({ kind }) => kind === "click");
  const rest = marks.filter(({ kind }) => kind !== "click");
  const lines = rest.slice(0, LABELS_MAX).map(({ label }) => label);
  if (rest.length > LABELS_MAX) lines.push(`and ${rest.length - LABELS_MAX} more`);
  if (clicks.length) lines.push(clicks.length === 1 ? "Click" : `${clicks.length} clicks`);
  return lines.join("\n");
}
