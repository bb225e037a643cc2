/** What narrows and orders the list. Every change is a new address. */

import { useState } from "preact/hooks";
import type { Session } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { signalName } from "../shell/format.ts";
import { useKeys } from "../shell/keys.ts";
import { address, go } from "../shell/route.ts";
import * as filters from "./filters.ts";
import { Adding, Once, Text } from "./inputs.tsx";

const show = (view: URLSearchParams) =>
  go(view.size > 0 ? `${address.value.pathname}?${view}` : address.value.pathname);

export function FilterBar({ view, sessions }: { view: URLSearchParams; sessions: Session[] }) {
  const chips = filters.chipsOf(view);
  const [isOpen, setOpen] = useState(false);
  const set = (name: filters.Once | "sort" | "last", value: string) =>
    show(filters.withOnce(view, name, value));
  const toggle = (name: string, value: string) => show(filters.withToggled(view, name, value));
  useKeys({
    "/": (event) => {
      event.preventDefault();
      document.getElementById("filter-url")?.focus();
    },
  });
  const yes = (name: filters.Once, label: string) => (
    <button
      type="button"
      class="toggle"
      aria-pressed={view.get(name) === "true"}
      onClick={() => set(name, view.get(name) === "true" ? "" : "true")}
    >
      {label}
    </button>
  );
  return (
    <search class="filters">
      <div class="filter-line">
        <Text
          id="filter-url"
          label="Page address contains"
          value={view.get("url") ?? ""}
          onSet={(value) => set("url", value)}
        />
        <select
          aria-label="Period"
          value={view.get("last") ?? (view.has("from") || view.has("to") ? "own" : "")}
          onChange={(event) => set("last", event.currentTarget.value)}
        >
          <option value="">Any time</option>
          {Object.entries(filters.PERIODS).map(([name, { label }]) => (
            <option value={name} key={name}>
              {label}
            </option>
          ))}
          <option value="own" disabled hidden>
            From … to …
          </option>
        </select>
        {yes("live", "Live")}
        {yes("hasErrors", "Errors")}
        {yes("hasFrustration", "Frustration")}
        <button
          type="button"
          class="toggle"
          aria-label="More filters"
          aria-expanded={isOpen}
          aria-controls="more-filters"
          onClick={() => setOpen(!isOpen)}
        >
          More …
        </button>
        <select
          class="sort"
          aria-label="Order"
          value={view.get("sort") ?? "recent"}
          onChange={({ currentTarget: { value } }) => set("sort", value === "recent" ? "" : value)}
        >
          {Object.entries(filters.SORTS).map(([name, label]) => (
            <option value={name} key={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {isOpen && (
        <div class="more-filters" id="more-filters">
          {(["device", "signal"] as const).map((name) => (
            <fieldset key={name}>
              <legend>{name === "device" ? "Device" : "Signals (all of them)"}</legend>
              {filters.CHOICES[name]?.map((value) => (
                <label key={value}>
                  <input
                    type="checkbox"
                    checked={view.has(name, value)}
                    onChange={() => toggle(name, value)}
                  />
                  {signalName(value)}
                </label>
              ))}
            </fieldset>
          ))}
          <fieldset>
            <legend>Who and with what</legend>
            <Once label="User" value={view.get("userId")} onSet={(v) => set("userId", v)} />
            <Once
              label="Visitor"
              value={view.get("visitorId")}
              onSet={(v) => set("visitorId", v)}
            />
            {(["browser", "os", "country"] as const).map((name) => (
              <Adding
                key={name}
                label={{ browser: "Browser", os: "System", country: "Country" }[name]}
                known={knownOf(name, sessions)}
                onSet={(value) => value && !view.has(name, value) && toggle(name, value)}
              />
            ))}
          </fieldset>
          <fieldset>
            <legend>How long and when</legend>
            <Once
              label="At least, s"
              type="number"
              value={seconds(view.get("minDuration"))}
              onSet={(v) => set("minDuration", ms(v))}
            />
            <Once
              label="At most, s"
              type="number"
              value={seconds(view.get("maxDuration"))}
              onSet={(v) => set("maxDuration", ms(v))}
            />
            <Once
              label="Pages, at least"
              type="number"
              value={view.get("minPages")}
              onSet={(v) => set("minPages", v)}
            />
            <Once
              label="From day"
              type="date"
              value={view.get("from")?.slice(0, 10)}
              onSet={(v) => set("from", v)}
            />
            <Once
              label="Before day"
              type="date"
              value={view.get("to")?.slice(0, 10)}
              onSet={(v) => set("to", v)}
            />
          </fieldset>
        </div>
      )}
      {chips.length > 0 && (
        <ul class="chips" aria-label="Filters">
          {chips.map(({ name, value, text }) => (
            <li key={`${name} ${value}`}>
              <button
                type="button"
                class="chip"
                title="Take this filter away"
                onClick={() => toggle(name, value)}
              >
                <bdi>{text}</bdi> <span aria-hidden="true">×</span>
              </button>
            </li>
          ))}
          <li>
            <button type="button" class="plain" onClick={() => go(linkTo("/sessions"))}>
              Clear filters
            </button>
          </li>
        </ul>
      )}
    </search>
  );
}

/** What the sessions that are shown have: to choose from, and to see how it is written. */
function knownOf(name: "browser" | "os" | "country", sessions: Session[]): string[] {
  const found = sessions.map((one) => (name === "country" ? one.country : one[name].name));
  return [...new Set(found)].filter((value) => value !== null).sort();
}

const seconds = (value: string | null) => (value ? String(Number(value) / 1000) : "");
const ms = (value: string) => (value ? String(Math.round(Number(value) * 1000)) : "");
