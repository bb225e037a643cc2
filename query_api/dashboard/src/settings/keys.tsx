/** The website's API keys: which there are, when each was used, a new one, and an end of one. */

import { useState } from "preact/hooks";
import { ask, Problem } from "../api/client.ts";
import type { Key, NewKey } from "../api/keeping.ts";
import type { Website } from "../api/types.ts";
import { me } from "../shell/account.ts";
import { Copy } from "../shell/copy.tsx";
import { useFetched } from "../shell/fetched.ts";
import { ago, counted, moment } from "../shell/format.ts";
import { Trouble } from "../shell/trouble.tsx";
import { Confirm } from "./confirm.tsx";

const EVERY_MS = 30_000;

export function Keys({ website }: { website: Website }) {
  const path = `/api/websites/${encodeURIComponent(website.website_id)}/keys`;
  const { value, problem, retry } = useFetched<{ keys: Key[] }>(path, EVERY_MS);
  const [ending, setEnding] = useState<Key | null>(null);
  const keys = [...(value?.keys ?? [])].reverse();
  const ended = keys.filter((key) => key.revokedAt);
  const end = async ({ keyId }: Key) => {
    await ask(`${path}/${encodeURIComponent(keyId)}`, { method: "DELETE" });
    retry();
  };
  return (
    <>
      <section class="card">
        <h2>Make a key</h2>
        <Make path={path} onMade={retry} />
      </section>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      {value && (
        <>
          <List keys={keys.filter((key) => !key.revokedAt)} onEnd={setEnding} />
          {ended.length > 0 && (
            <details>
              <summary>{counted(ended.length, "revoked key")}</summary>
              <List keys={ended} />
            </details>
          )}
        </>
      )}
      <p class="dim">
        Keys of all websites are not among them: <code>replaylake key list</code> shows those.
      </p>
      {ending && (
        <Confirm
          title={`Revoke the key ${ending.keyId}?`}
          deed="Revoke it"
          onDo={() => end(ending)}
          onClose={() => setEnding(null)}
        >
          <p>
            Whoever uses it is refused within seconds, for ever. It was last used{" "}
            {ending.lastUsedAt ? `about ${ago(ending.lastUsedAt, Date.now())}` : "never"}.
          </p>
          {ending.keyId === me.value?.keyId && (
            <p>
              <strong>You are signed in with this key</strong>, and will be signed out.
            </p>
          )}
        </Confirm>
      )}
    </>
  );
}

function Make({ path, onMade }: { path: string; onMade: () => void }) {
  const [role, setRole] = useState("viewer");
  const [made, setMade] = useState<NewKey | null>(null);
  const [said, setSaid] = useState("");
  const make = async (event: Event) => {
    event.preventDefault();
    try {
      setMade(await ask<NewKey>(path, { method: "POST", body: { role } }));
      setSaid("");
      onMade();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSaid(error.message);
    }
  };
  if (made) {
    return (
      <div role="status">
        <p>
          The new {made.role} key. <strong>It is shown this once</strong>: keep it now where you
          keep passwords.
        </p>
        <Copy label="New key" text={made.key} />
        <button type="button" onClick={() => setMade(null)}>
          Done
        </button>
      </div>
    );
  }
  return (
    <form class="deeds" onSubmit={make}>
      <label>
        It may{" "}
        <select value={role} onChange={(event) => setRole(event.currentTarget.value)}>
          <option value="viewer">look (viewer)</option>
          <option value="admin">look, change and erase (admin)</option>
        </select>
      </label>
      <button type="submit">Make a key</button>
      <p class="says" role="alert">
        {said}
      </p>
    </form>
  );
}

function List({ keys, onEnd }: { keys: Key[]; onEnd?: (key: Key) => void }) {
  const nowMs = Date.now();
  const time = (at: string) => (
    <time dateTime={at} title={moment(at)}>
      {ago(at, nowMs)}
    </time>
  );
  return (
    <table class="kept">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Made</th>
          <th scope="col">Last used</th>
          <th scope="col" class="deed">
            {onEnd ? "Revoke" : "Revoked"}
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.keyId}>
            <td>
              <code>{key.keyId}</code>
              <span class="dim">
                {key.role}
                {key.keyId === me.value?.keyId && ", the one you are signed in with"}
              </span>
            </td>
            <td data-label="Made">{time(key.createdAt)}</td>
            <td data-label="Last used">{key.lastUsedAt ? time(key.lastUsedAt) : "never"}</td>
            <td class="deed">
              {key.revokedAt && time(key.revokedAt)}
              {onEnd && (
                <button type="button" onClick={() => onEnd(key)} aria-label={`Revoke ${key.keyId}`}>
                  Revoke
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
