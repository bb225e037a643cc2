/** Rows that are walked through by keys: j and k choose one, Enter opens it, Esc lets go. */

import { useRef, useState } from "preact/hooks";
import { useKeys } from "./keys.ts";
import { go } from "./route.ts";

/**
 * Walk through rows whose elements have the ids `row-…`; return which one is chosen, "" for none.
 * `linkOf` says where a row leads.
 */
export function useWalk(ids: string[], linkOf: (id: string) => string): string {
  const [chosen, setChosen] = useState("");
  const latest = useRef(""); // keys may come faster than the page is drawn
  const choose = (id: string) => {
    latest.current = id;
    setChosen(id);
  };
  const walk = (step: number) => {
    const at = ids.indexOf(latest.current);
    const next = ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step))];
    if (next === undefined) return;
    choose(next);
    document.getElementById(`row-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    Enter: ({ target }) => {
      // A button or link that has the focus is what Enter is for.
      const isElsewhere = target instanceof Element && target.closest("a, button, summary");
      if (ids.includes(latest.current) && !isElsewhere) go(linkOf(latest.current));
    },
    Escape: () => choose(""),
  });
  return chosen;
}
