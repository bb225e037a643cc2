/** What a component shows of the API: asked for when it appears, and again while somebody looks. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Problem } from "../api/client.ts";

export interface Fetched<T> {
  value: T | null;
  problem: Problem | null;
  retry: () => void;
}

/**
 * Ask for `path` (null: nothing yet). With `everyMs` again and again, while the page is visible;
 * what is shown stays until there is something newer.
 */
export function useFetched<T>(path: string | null, everyMs = 0): Fetched<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const shown = useRef(path);
  useEffect(() => {
    if (path === null) return;
    if (shown.current !== path) setValue(null);
    shown.current = path;
    return repeated(everyMs, async (signal) => {
      try {
        setValue(await ask<T>(path, { signal }));
        setProblem(null);
      } catch (error) {
        if (signal.aborted) return;
        setProblem(error as Problem);
      }
    });
  }, [path, everyMs, round]);
  return {
    value: shown.current === path ? value : null,
    problem,
    retry: () => setRound(round + 1),
  };
}

/** Do it now, and then every so often while the page is visible; return how to end it. */
export function repeated(everyMs: number, work: (signal: AbortSignal) => Promise<void>) {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const round = async () => {
    if (!document.hidden) await work(ended.signal);
    if (everyMs > 0 && !ended.signal.aborted) timer = setTimeout(round, everyMs);
  };
  void round();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}
