/** What a component shows of the API: asked for when it appears, and again while somebody looks. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Problem } from "../api/client.ts";

export interface Fetched<T> {
  value: T | null;
  problem: Problem | null;
  retry: () => void;
}

/**
 * Ask for `path`. With `everyMs` again and again, while the page is visible; what is shown stays
 * until there is something newer.
 */
export function useFetched<T>(path: string, everyMs = 0): Fetched<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) {
      setValue(null);
      setProblem(null);
    }
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

/**
 * Do it now, and then every so often while the page is visible, and once it is visible again;
 * return how to end it. The work never runs twice at once.
 */
export function repeated(everyMs: number, work: (signal: AbortSignal) => Promise<void>) {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWorking = false;
  const round = async () => {
    if (isWorking) return;
    clearTimeout(timer);
    isWorking = true;
    await work(ended.signal);
    isWorking = false;
    if (everyMs > 0 && !ended.signal.aborted) timer = setTimeout(later, everyMs);
  };
  const later = () => {
    if (!document.hidden) void round();
  };
  if (everyMs > 0) document.addEventListener("visibilitychange", later, { signal: ended.signal });
  void round();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}
