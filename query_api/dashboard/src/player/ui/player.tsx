/** The player of a recording: loads it, and lays out screen, timeline, controls and panels. */

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { LEAD_MS, type Mark, neighbour } from "../model/markers.ts";
import { marksOf } from "../model/marks.ts";
import { momentOf, withMoment } from "../model/url_moment.ts";
import { Engine } from "../playback/engine.ts";
import type { Recording, Source } from "../playback/source.ts";
import { Controls } from "./controls.tsx";
import { Help, Removal, Saving, Share } from "./dialogs.tsx";
import { ErrorStrip } from "./error_strip.tsx";
import { Panels } from "./panels.tsx";
import { Picture } from "./picture.tsx";
import { type Command, commandOf } from "./shortcuts.ts";
import { Timeline } from "./timeline.tsx";
import "./player.css";

type Dialog = "help" | "share" | "export" | "remove";

export interface PlayerProps {
  source: Source;
  /** Called once the session was erased here. */
  onErased?: () => void;
}

export function Player({ source, onErased }: PlayerProps) {
  const loaded = useSignal<Recording | null>(null);
  const refusal = useSignal<string | null>(null);
  useEffect(() => {
    let isOld = false;
    loaded.value = null;
    refusal.value = null;
    source.recording().then(
      (recording) => {
        if (!isOld) loaded.value = recording;
      },
      (error: unknown) => {
        if (!isOld) refusal.value = error instanceof Error ? error.message : String(error);
      },
    );
    return () => {
      isOld = true;
    };
  }, [source, loaded, refusal]);
  if (refusal.value) {
    return (
      <div class="player-refused" role="alert">
        <h2>This session cannot be played</h2>
        <p>{refusal}</p>
      </div>
    );
  }
  if (!loaded.value) return <div class="player-waiting" role="status" aria-label="Loading" />;
  return <Loaded key={source.key} source={source} recording={loaded.value} onErased={onErased} />;
}

interface LoadedProps {
  source: Source;
  recording: Recording;
  onErased: (() => void) | undefined;
}

function Loaded({ source, recording, onErased }: LoadedProps) {
  const root = useRef<HTMLElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const engine = useSignal<Engine | null>(null);
  const dialog = useSignal<Dialog | null>(null);
  const said = useSignal("");
  const marks = useMemo(() => marksOf(recording), [recording]);

  useEffect(() => {
    const start = momentOf(location.search);
    const player = new Engine(source, recording, screen.current as HTMLElement, start ?? 0);
    engine.value = player;
    if (start === null) player.play(); // a link to a moment shows it first
    return () => player.close();
  }, [source, recording, engine]);

  const say = useCallback(
    (text: string) => {
      said.value = text;
      setTimeout(() => {
        if (said.value === text) said.value = "";
      }, 2_500);
    },
    [said],
  );
  const run = useCallback(
    (command: Command) => {
      const now = engine.value;
      if (!now) return;
      if (command.do === "help" || command.do === "close") {
        dialog.value = command.do === "help" && dialog.value !== "help" ? "help" : null;
      } else if (command.do === "copy") {
        navigator.clipboard.writeText(withMoment(location.href, now.atMs.value)).then(
          () => say("Link to this moment copied"),
          () => say("The browser does not let links be copied"),
        );
      } else if (command.do === "fullscreen") toggleFullscreen(root.current);
      else act(now, command, marks);
    },
    [engine, dialog, say, marks],
  );
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as Element;
      const command = commandOf({
        key: event.key,
        hasModifier: event.ctrlKey || event.metaKey || event.altKey,
        tag: target.localName ?? "",
        role: target.getAttribute?.("role") ?? null,
      });
      if (!command || (document.querySelector("dialog[open]") && command.do !== "close")) return;
      if (command.do !== "close") event.preventDefault();
      event.stopPropagation();
      run(command);
    };
    // Before the keys of the pages around it.
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  }, [run]);

  const made = engine.value;
  return (
    <section
      class="player"
      ref={root}
      aria-label="Session replay"
      onMouseDown={(event) => {
        // A clicked button loses the focus: Space plays, instead of pressing the button.
        if ((event.target as Element).closest("button")) event.preventDefault();
      }}
    >
      <div class="player-main">
        <Picture engine={made} recording={recording} screen={screen} />
        {made && (
          <>
            <Timeline engine={made} recording={recording} marks={marks} />
            <Controls
              engine={made}
              run={run}
              source={source}
              open={(which: Dialog) => {
                dialog.value = which;
              }}
            />
            <ErrorStrip engine={made} errors={recording.errorEvents} />
          </>
        )}
      </div>
      {made && <Panels engine={made} recording={recording} marks={marks} />}
      <output class="player-said" data-shown={said.value !== ""}>
        {said}
      </output>
      {dialog.value === "help" && <Help close={() => run({ do: "close" })} />}
      {dialog.value === "share" && <Share source={source} close={() => run({ do: "close" })} />}
      {dialog.value === "export" && <Saving source={source} close={() => run({ do: "close" })} />}
      {dialog.value === "remove" && (
        <Removal source={source} close={() => run({ do: "close" })} erased={onErased} />
      )}
    </section>
  );
}

/** Run an action of the playback. */
function act(engine: Engine, command: Command, marks: readonly Mark[]): void {
  switch (command.do) {
    case "toggle":
      engine.toggle();
      return;
    case "move":
      engine.seek(engine.atMs.value + command.byMs);
      return;
    case "step":
      engine.step(command.direction);
      return;
    case "speed":
      engine.speed.value = command.speed;
      return;
    case "skip":
      engine.setSkips(!engine.skipsSilence.value);
      return;
    case "mark": {
      const mark = neighbour(marks, engine.atMs.value, command.direction);
      if (mark) engine.seek(mark.atMs - LEAD_MS);
      else if (command.direction === -1) engine.seek(0);
      return;
    }
    default:
      return;
  }
}

function toggleFullscreen(element: HTMLElement | null): void {
  const done = document.fullscreenElement
    ? document.exitFullscreen()
    : element?.requestFullscreen();
  done?.catch(() => {}); // the browser may refuse it
}
