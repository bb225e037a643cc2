/** Panels beside the picture: events, console, requests, pages and session details. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { type Mark, signalName } from "../model/markers.ts";
import { pathOf } from "../model/marks.ts";
import type { Engine } from "../playback/engine.ts";
import type { Recording } from "../playback/source.ts";
import { type Line, Lines } from "./lines.tsx";
import { Facts } from "./session_facts.tsx";

interface PanelsProps {
  engine: Engine;
  recording: Recording;
  marks: readonly Mark[];
}

export function Panels({ engine, recording, marks }: PanelsProps) {
  const chosen = useSignal("events");
  engine.revision.value;
  const notes = engine.notes();
  const consoles = notes.flatMap((note): Line[] =>
    note.kind === "console"
      ? [{ atMs: note.atMs, kind: note.level, text: note.text, detail: null }]
      : [],
  );
  const requests = notes.flatMap((note): Line[] => {
    if (note.kind !== "network") return [];
    const took = note.tookMs === null ? "" : ` · ${Math.round(note.tookMs)} ms`;
    const isBad = note.status === 0 || note.status >= 400;
    return [
      {
        atMs: note.atMs,
        kind: isBad ? "error" : "request",
        text: `${note.method} ${note.path}`,
        detail: `${note.status || "no answer"}${took}`,
      },
    ];
  });
  const gaps = notes.flatMap((note): Line[] =>
    note.kind === "gap"
      ? [
          {
            atMs: note.atMs,
            kind: "gap",
            text: "The recording has a gap here",
            detail: note.reason || null,
          },
        ]
      : [],
  );
  const pages = recording.pageList.map(
    ({ atMs, url, title }): Line => ({
      atMs,
      kind: "page",
      text: title || pathOf(url) || "Page without a title",
      detail: pathOf(url) || null,
    }),
  );
  const events = [...eventLines(recording), ...gaps].sort((a, b) => a.atMs - b.atMs);
  const tabs: [
    name: string,
    label: string,
    count: number | null,
    panel: () => ComponentChildren,
  ][] = [
    [
      "events",
      "Events",
      marks.length,
      () => <Lines engine={engine} lines={events} none="Nothing of note happened." />,
    ],
    [
      "console",
      "Console",
      consoles.length,
      () => <Lines engine={engine} lines={consoles} none="" />,
    ],
    [
      "network",
      "Network",
      requests.length,
      () => <Lines engine={engine} lines={requests} none="" />,
    ],
    [
      "pages",
      "Pages",
      pages.length,
      () => <Lines engine={engine} lines={pages} none="No page was told." />,
    ],
    ["session", "Session", null, () => <Facts recording={recording} />],
  ];
  // A website without console or requests has no empty tabs.
  const shown = tabs.filter(([name, , count]) => count || !["console", "network"].includes(name));
  const current = shown.find(([name]) => name === chosen.value) ?? shown[0];
  return (
    <aside class="player-side">
      <div class="player-tabs" role="tablist" aria-label="About this session">
        {shown.map(([name, label, count]) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`player-tab-${name}`}
            aria-selected={name === current?.[0]}
            aria-controls="player-panel"
            onClick={() => {
              chosen.value = name;
            }}
          >
            {label}
            {count !== null && <span class="player-count">{count}</span>}
          </button>
        ))}
      </div>
      <div
        class="player-panel"
        id="player-panel"
        role="tabpanel"
        aria-labelledby={`player-tab-${current?.[0]}`}
        key={current?.[0]}
      >
        {current?.[3]()}
      </div>
    </aside>
  );
}

function eventLines(recording: Recording): Line[] {
  return [
    ...recording.errorEvents.map(
      ({ atMs, message, stack }): Line => ({
        atMs,
        kind: "error",
        text: message,
        detail: firstLine(stack),
      }),
    ),
    ...recording.signalEvents.map(
      ({ atMs, kind, target, text }): Line => ({
        atMs,
        kind: "signal",
        text: signalName(kind),
        detail: text || target,
      }),
    ),
    ...recording.pageList.map(
      ({ atMs, url, title }): Line => ({
        atMs,
        kind: "page",
        text: pathOf(url) || "A page",
        detail: title,
      }),
    ),
  ];
}

/** Return the origin of an error: the first line of its stack. */
function firstLine(stack: string | null): string | null {
  return (
    stack
      ?.split("\n")
      .find((line) => /:\d+/.test(line))
      ?.trim() ?? null
  );
}
