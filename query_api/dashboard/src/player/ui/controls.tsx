/** The row of buttons below the timeline. Each has a key as well (`keys.ts`). */

import { useComputed } from "@preact/signals";
import { clock } from "../model/time_format.ts";
import { type Engine, SPEEDS } from "../playback/engine.ts";
import type { Source } from "../playback/source.ts";
import { Icon } from "./icon.tsx";
import type { Command } from "./shortcuts.ts";

interface ControlsProps {
  engine: Engine;
  source: Source;
  run: (command: Command) => void;
  open: (dialog: "help" | "share" | "export" | "remove") => void;
}

export function Controls({ engine, source, run, open }: ControlsProps) {
  const isPlaying = engine.isPlaying.value;
  const at = useComputed(() => clock(engine.atMs.value));
  return (
    <div class="player-controls">
      <button
        type="button"
        class="player-play"
        title={isPlaying ? "Pause (Space)" : "Play (Space)"}
        onClick={() => engine.toggle()}
      >
        <Icon name={isPlaying ? "pause" : "play"} />
      </button>
      <button
        type="button"
        title="Previous marker (P)"
        onClick={() => run({ do: "mark", direction: -1 })}
      >
        <Icon name="previous" />
      </button>
      <button
        type="button"
        title="Next marker (N)"
        onClick={() => run({ do: "mark", direction: 1 })}
      >
        <Icon name="next" />
      </button>
      <span class="player-clock">
        <span>{at}</span> / {clock(engine.durationMs.value)}
      </span>
      <fieldset class="player-speeds" aria-label="Speed">
        {SPEEDS.map((speed) => (
          <button
            type="button"
            key={speed}
            class="player-speed"
            aria-pressed={engine.speed.value === speed}
            onClick={() => run({ do: "speed", speed })}
          >
            {speed}×
          </button>
        ))}
      </fieldset>
      <label class="player-skip" title="Skip inactivity (S)">
        <input
          type="checkbox"
          checked={engine.skipsSilence.value}
          onChange={(event) => engine.setSkips((event.currentTarget as HTMLInputElement).checked)}
        />
        Skip inactivity
      </label>
      <span class="player-fill" />
      <button
        type="button"
        title="Copy a link to this moment (C)"
        onClick={() => run({ do: "copy" })}
      >
        <Icon name="link" />
      </button>
      {source.share && (
        <button type="button" title="Share this session" onClick={() => open("share")}>
          <Icon name="share" />
        </button>
      )}
      {source.exports && (
        <button type="button" title="Save this session" onClick={() => open("export")}>
          <Icon name="export" />
        </button>
      )}
      {source.erase && (
        <button type="button" title="Delete this session" onClick={() => open("remove")}>
          <Icon name="remove" />
        </button>
      )}
      <button type="button" title="Full screen (F)" onClick={() => run({ do: "fullscreen" })}>
        <Icon name="fullscreen" />
      </button>
      <button type="button" title="Keys (?)" onClick={() => open("help")}>
        <Icon name="help" />
      </button>
    </div>
  );
}
