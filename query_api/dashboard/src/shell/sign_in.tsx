/** The page that asks for a key. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client.ts";
import { signIn } from "./account.ts";

export function SignIn({ problem }: { problem: Problem | null }) {
  const [said, setSaid] = useState(problem ? saidOf(problem) : "");
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = field.current?.value.trim();
    if (!key) return;
    setBusy(true);
    try {
      await signIn(key);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSaid(saidOf(error));
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in" id="main">
      <h1>replaylake</h1>
      <form onSubmit={submit}>
        {/* For password managers, which keep what they can name. */}
        <input type="text" autocomplete="username" value="replaylake" readOnly hidden />
        <label for="key">API key</label>
        <input
          id="key"
          ref={field}
          type="password"
          autocomplete="current-password"
          placeholder="rl_…"
          aria-describedby="said"
        />
        <button type="submit" class="main" disabled={isBusy}>
          Sign in
        </button>
        <p id="said" role="alert">
          {said}
        </p>
      </form>
      <p class="dim">
        A key is made by <code>replaylake key create --website ID --role viewer</code>. It opens the
        sessions of its website, and is kept in this browser for a week.
      </p>
    </main>
  );
}

function saidOf(problem: Problem): string {
  if (problem.status === 401) return "This key is unknown or was revoked.";
  if (problem.status === 403) return "This is no API key: one begins with rl_.";
  if (problem.status === 429) return "Too many wrong keys: wait a little.";
  return problem.message;
}
