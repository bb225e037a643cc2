/** Erasure of a visitor, a user or sessions: what will happen, and the receipts of what did. */

import { useState } from "preact/hooks";
import { ask, Problem } from "../api/client.ts";
import type { Erasure } from "../api/keeping.ts";
import type { SessionList, Website } from "../api/types.ts";
import { useFetched } from "../shell/fetched.ts";
import { ago, counted, moment } from "../shell/format.ts";
import { Trouble } from "../shell/trouble.tsx";
import { Confirm } from "./confirm.tsx";
import { BY, type By, goneOf, targetsOf } from "./erasures.ts";

const SOON_MS = 3000;
const LATER_MS = 30_000;

interface Asked {
  by: By;
  text: string;
  targets: Record<string, unknown>;
  /** How many sessions are listed of them. */
  known: number;
}

export function Erasures({ website, isAdmin }: { website: Website; isAdmin: boolean }) {
  const base = `/api/websites/${encodeURIComponent(website.website_id)}`;
  const [isWaiting, setWaiting] = useState(true);
  const path = `${base}/erasures`;
  const { value, problem, retry } = useFetched<{ erasures: Erasure[] }>(
    path,
    isWaiting ? SOON_MS : LATER_MS,
  );
  const waits = value?.erasures.some(({ status }) => status === "hidden") ?? true;
  if (waits !== isWaiting) setWaiting(waits);
  return (
    <>
      {isAdmin ? (
        <section class="card">
          <h2>Erase</h2>
          <Ask base={base} onAsked={retry} />
        </section>
      ) : (
        <p class="notice-line">Only keys with the role admin erase.</p>
      )}
      <h2>Receipts</h2>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {value?.erasures.length === 0 && <p class="dim">Nothing was erased yet.</p>}
      {value && value.erasures.length > 0 && (
        <ol class="receipts" aria-label="Receipts">
          {value.erasures.map((one) => (
            <Receipt one={one} key={one.erasureId} />
          ))}
        </ol>
      )}
    </>
  );
}

function Ask({ base, onAsked }: { base: string; onAsked: () => void }) {
  const [by, setBy] = useState<By>("userId");
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  const look = async (event: Event) => {
    event.preventDefault();
    const targets = targetsOf(by, text);
    if (!targets) return;
    try {
      setAsked({ by, text: text.trim(), targets, known: await knownOf(base, by, targets) });
      setSaid("");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSaid(error.message);
    }
  };
  const erase = async ({ targets }: Asked) => {
    await ask(`${base}/erasures`, { method: "POST", body: targets });
    setText("");
    onAsked();
  };
  return (
    <>
      <form class="deeds" onSubmit={look}>
        <select
          aria-label="Erase by"
          value={by}
          onChange={(event) => setBy(event.currentTarget.value as By)}
        >
          {Object.entries(BY).map(([name, { label }]) => (
            <option value={name} key={name}>
              {label}
            </option>
          ))}
        </select>
        <input
          type="text"
          aria-label={BY[by].label}
          aria-describedby="erase-about erase-says"
          autocomplete="off"
          spellcheck={false}
          maxLength={by === "sessions" ? 100_000 : 2048}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit">Look</button>
      </form>
      <p class="dim" id="erase-about">
        {by === "sessions"
          ? "As they stand in the addresses of sessions; more than one with spaces between."
          : "You see what will happen before it does."}
      </p>
      <p class="says" id="erase-says" role="alert">
        {said}
      </p>
      {asked && (
        <Confirm
          title="Erase for ever?"
          deed="Erase for ever"
          onDo={() => erase(asked)}
          onClose={() => setAsked(null)}
        >
          <p>
            <bdi class="asked">{asked.text}</bdi>
          </p>
          <ul>
            <li>{meansOf(asked)}</li>
            <li>They disappear from every list and figure at once, and links to them end.</li>
            <li>
              Their bytes are removed within 24 hours, from every file. The receipt says when, and
              names nobody.
            </li>
            <li>What browsers still send of them is refused. This cannot be undone.</li>
          </ul>
        </Confirm>
      )}
    </>
  );
}

async function knownOf(base: string, by: By, targets: Record<string, unknown>): Promise<number> {
  const wanted = targets[by];
  if (Array.isArray(wanted)) return wanted.length;
  const question = new URLSearchParams({ [by]: String(wanted), limit: "1" });
  return (await ask<SessionList>(`${base}/sessions?${question}`)).total;
}

function meansOf({ by, known }: Asked): string {
  if (by === "sessions") return `${counted(known, "session")} that you name.`;
  const listed = known === 0 ? "No session is listed" : `${counted(known, "session")} listed`;
  return `${listed} ${BY[by].whose}, and whatever began until now and has not arrived yet. Later visits are recorded again.`;
}

const STATUS = { done: "Done", failed: "Failed", held: "Held", hidden: "Hidden" };

function Receipt({ one }: { one: Erasure }) {
  const nowMs = Date.now();
  return (
    <li>
      <span class={one.doneAt ? "tag good" : "tag"}>{STATUS[one.status]}</span>
      <div>
        {one.doneAt ? (
          <p>
            Gone: {goneOf(one)}. Finished{" "}
            <time dateTime={one.doneAt} title={moment(one.doneAt)}>
              {ago(one.doneAt, nowMs)}
            </time>
            .
          </p>
        ) : (
          <p>
            Nobody sees {one.sessions === 1 ? "the session" : `the ${one.sessions} sessions`} any
            more. The bytes go by <time dateTime={one.dueAt}>{moment(one.dueAt)}</time>.
            {one.waitsFor && ` Waits: ${one.waitsFor}.`}
            {one.failed && ` Failed: ${one.failed}.`}
          </p>
        )}
        <span class="dim">
          Asked {ago(one.requestedAt, nowMs)} by {one.requestedBy} · <code>{one.erasureId}</code>
        </span>
      </div>
    </li>
  );
}
