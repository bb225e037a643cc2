/** Details of a session. */

import { isWebAddress } from "../model/marks.ts";
import { clock, size } from "../model/time_format.ts";
import type { Recording } from "../playback/source.ts";

export function Facts({ recording }: { recording: Recording }) {
  const { viewport, device, browser, os, gaps } = recording;
  const missing = gaps
    .filter(({ kind }) => kind === "missing-chunks")
    .reduce((all, { firstSeq, lastSeq }) => all + lastSeq - firstSeq + 1, 0);
  const undrawn = gaps.filter(({ kind }) => kind === "no-snapshot").length;
  const named = ({ name, version }: { name: string | null; version: string | null }) =>
    [name ?? "unknown", version].filter(Boolean).join(" ");
  const facts: [string, string | number | null | undefined][] = [
    ["Began", new Date(recording.startedAt).toLocaleString()],
    ["Duration", clock(recording.duration)],
    ["Visitor", recording.visitorId],
    ["User", recording.userIds?.join(", ")],
    ["Country", recording.country],
    ["Browser", named(browser)],
    ["System", named(os)],
    ["Device", [device.type, device.model].filter(Boolean).join(", ")],
    ["View", viewport.width ? `${viewport.width} × ${viewport.height}` : null],
    ["Clicks", recording.clickCount],
    ["Errors", recording.errorCount],
    ["Frustration", recording.frustrationScore],
    ["Kept because of", recording.trigger],
    ["Events", `${recording.eventCount.toLocaleString()}, ${size(recording.bytes)}`],
    ["Missing", missing ? `${missing} parts never arrived` : null],
    ["Not drawn", undrawn ? `${undrawn} pages of which no picture arrived` : null],
    ["Complete", recording.isComplete ? "yes" : recording.isLive ? "not yet" : "no"],
    ["Session", recording.sessionId],
  ];
  return (
    <dl class="player-facts">
      <dt>First page</dt>
      <dd>
        {isWebAddress(recording.initialUrl) ? (
          <a href={recording.initialUrl} rel="noreferrer noopener" target="_blank">
            <bdi>{recording.initialUrl}</bdi>
          </a>
        ) : (
          <bdi>{recording.initialUrl ?? "not told"}</bdi>
        )}
      </dd>
      {facts.map(
        ([name, value]) =>
          value !== null &&
          value !== undefined &&
          value !== "" && (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
      )}
    </dl>
  );
}
