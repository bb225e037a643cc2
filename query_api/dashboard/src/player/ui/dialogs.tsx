/** The player's dialogs: its keys, a link for others, a file of the session, and its deletion. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Source } from "../playback/source.ts";
import { KEYS } from "./shortcuts.ts";

interface DialogProps {
  title: string;
  close: () => void;
  children: ComponentChildren;
}

function Dialog({ title, close, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog class="player-dialog" ref={box} onClose={close} aria-label={title}>
      <form method="dialog">
        <h2>{title}</h2>
        <button type="submit" class="plain" aria-label="Close">
          ×
        </button>
      </form>
      {children}
    </dialog>
  );
}

export function Help({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

const DAY_S = 86_400;
const ENDS: [label: string, days: number][] = [
  ["a day", 1],
  ["a week", 7],
  ["30 days", 30],
];

export function Share({ source, close }: { source: Source; close: () => void }) {
  const made = useSignal<{ url: string; expiresAt: string } | null>(null);
  const trouble = useSignal<string | null>(null);
  const days = useSignal(7);
  const make = () => {
    source.share?.(days.value * DAY_S).then(
      (link) => {
        made.value = { ...link, url: new URL(link.url, location.origin).href };
      },
      (error: Error) => {
        trouble.value = error.message;
      },
    );
  };
  return (
    <Dialog title="Share this session" close={close}>
      <p>
        Whoever has the link sees this one session and nothing else. It does not tell who the
        visitor or the user was, beyond what the recording itself shows.
      </p>
      {made.value ? (
        <>
          <input
            class="player-link"
            readOnly
            value={made.value.url}
            aria-label="Link"
            onFocus={(event) => (event.currentTarget as HTMLInputElement).select()}
          />
          <p>
            It is shown this once, and ends {new Date(made.value.expiresAt).toLocaleString()}.{" "}
            <button
              type="button"
              onClick={() => navigator.clipboard.writeText(made.value?.url ?? "").catch(() => {})}
            >
              Copy
            </button>
          </p>
        </>
      ) : (
        <p class="player-choice">
          <label>
            Ends after{" "}
            <select
              value={days.value}
              onChange={(event) => {
                days.value = Number((event.currentTarget as HTMLSelectElement).value);
              }}
            >
              {ENDS.map(([label, value]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>{" "}
          <button type="button" class="main" onClick={make}>
            Make the link
          </button>
        </p>
      )}
      {trouble.value && <p role="alert">{trouble}</p>}
    </Dialog>
  );
}

/** Links, so that the browser writes to disk what arrives. */
export function Saving({ source, close }: { source: Source; close: () => void }) {
  const name = source.isShared ? "session" : source.key.split("/").at(-1);
  if (!source.exports) return null;
  return (
    <Dialog title="Save this session" close={close}>
      <dl class="player-files">
        <dt>
          <a href={source.exports.page} download={`${name}.html`} onClick={close}>
            A page that plays it
          </a>
        </dt>
        <dd>
          One file that any browser plays, offline too. It does not tell who the visitor or the user
          was, beyond what the recording itself shows. Whoever has it keeps it: deleting the session
          here does not reach it.
        </dd>
        <dt>
          <a href={source.exports.events} download={`${name}.ndjson`} onClick={close}>
            Its events
          </a>
        </dt>
        <dd>As they were recorded, one a line (NDJSON), for programs.</dd>
      </dl>
    </Dialog>
  );
}

interface RemovalProps {
  source: Source;
  close: () => void;
  erased: (() => void) | undefined;
}

export function Removal({ source, close, erased }: RemovalProps) {
  const state = useSignal<"asked" | "running" | "done">("asked");
  const trouble = useSignal<string | null>(null);
  const remove = () => {
    state.value = "running";
    source.erase?.().then(
      () => {
        state.value = "done";
        erased?.();
      },
      (error: Error) => {
        state.value = "asked";
        trouble.value = error.message;
      },
    );
  };
  return (
    <Dialog title="Delete this session" close={close}>
      {state.value === "done" ? (
        <p role="status">
          It is gone from every list. The stored bytes follow; its receipt tells when.
        </p>
      ) : (
        <>
          <p>
            The session, its errors and its signals disappear from every list and figure at once,
            and links to it stop working. Its stored bytes are removed soon after. This cannot be
            undone, and what its visitor's browser still sends of it is refused.
          </p>
          <p>
            <button
              type="button"
              class="player-danger"
              disabled={state.value === "running"}
              onClick={remove}
            >
              Delete for ever
            </button>
          </p>
        </>
      )}
      {trouble.value && <p role="alert">{trouble}</p>}
    </Dialog>
  );
}
