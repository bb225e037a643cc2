/** The page that asks for a key. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client.ts";
import { signIn } from "./account.ts";

interface Props {
  /** Why nobody could be recognised. */
  problem: Problem | null;
  /** Ask again for what that was about. */
  onRetry: () => Promise<void>;
}

export function SignIn({ problem, onRetry }: Props) {
  const [said, setSaid] = useState(problem ? saidOf(problem) : "");
  const [mayPass, setMayPass] = useState(problem?.isPassing ?? false);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setMayPass(error.isPassing);
      // Nobody sent a key: there is nothing to say but the question for one.
      setSaid(work === onRetry && error.status === 401 ? "" : saidOf(error));
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const key = field.current?.value.trim();
    if (key) void attempt(() => signIn(key));
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
        {mayPass && (
          <button type="button" disabled={isBusy} onClick={() => attempt(onRetry)}>
            Try again
          </button>
        )}
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
