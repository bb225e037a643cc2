/** The period that a page tells of, which stands in its address. */

import { useMemo } from "preact/hooks";
import { PERIODS } from "../sessions/filters.ts";
import { address, go } from "./route.ts";

/** Choose one; `standard` is meant where the address names none. */
export function Period({ standard }: { standard: string }) {
  const choose = (last: string) => {
    const view = new URLSearchParams(address.value.searchParams);
    view.set("last", last);
    go(`${address.value.pathname}?${view}`);
  };
  return (
    <select
      aria-label="Period"
      value={chosenOf(standard)}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {Object.entries(PERIODS).map(([name, { label }]) => (
        <option value={name} key={name}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** Return since when the address's period is; it stays while the page is looked at. */
export function usePeriodStart(standard: string): string {
  const chosen = chosenOf(standard);
  return useMemo(() => {
    const minutes = PERIODS[chosen]?.minutes ?? 0;
    return new Date(Date.now() - minutes * 60_000).toISOString();
  }, [chosen]);
}

function chosenOf(standard: string): string {
  const last = address.value.searchParams.get("last") ?? "";
  return Object.hasOwn(PERIODS, last) ? last : standard;
}
