/** What is other than in the period before, and which errors are new. */

import type { Day, ErrorGroup, ErrorGroups } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { count, counted } from "../shell/format.ts";
import { type Change, changesOf } from "./changes.ts";

const NEW_ERRORS_MAX = 3;

interface Props {
  api: string;
  /** Those of the period, and as many before. */
  days: Day[];
  from: string;
}

export function WhatChanged({ api, days, from }: Props) {
  const changes = changesOf(days, from.slice(0, 10));
  const { value } = useFetched<ErrorGroups>(`${api}/errors?limit=200`);
  if (changes === null) return null; // a young website has no before, and all of it is new
  const isNew = ({ firstSeenAt }: ErrorGroup) => Date.parse(firstSeenAt) >= Date.parse(from);
  const errors = value?.errors.filter(isNew) ?? [];
  return (
    <section class="changes">
      <h2>What changed</h2>
      <p class="dim">Against the period before.</p>
      <ul>
        {changes.map((change) => (
          <li key={change.name}>
            {change.name}: <span class="number">{told(change, change.before)}</span> →{" "}
            <strong class="number">{told(change, change.after)}</strong>{" "}
            <span class="dim">{change.unit === "share" ? "of all" : change.unit}</span>
            {change.isWorse !== null && (
              <span class={change.isWorse ? "tag bad" : "tag good"}>
                {change.isWorse ? "worse" : "better"}
              </span>
            )}
          </li>
        ))}
        {errors.slice(0, NEW_ERRORS_MAX).map(({ fingerprint, message, sessions }) => (
          <li key={fingerprint}>
            New error in {counted(sessions, "session")}:{" "}
            <a href={linkTo(`/errors/${encodeURIComponent(fingerprint)}`)}>
              <bdi>{message}</bdi>
            </a>
          </li>
        ))}
        {errors.length > NEW_ERRORS_MAX && (
          <li>
            <a href={linkTo("/errors")}>{count(errors.length - NEW_ERRORS_MAX)} more new errors</a>
          </li>
        )}
        {changes.length === 0 && errors.length === 0 && <li>Nothing of note.</li>}
      </ul>
    </section>
  );
}

function told({ unit }: Change, value: number): string {
  if (unit === "share") return `${Math.round(100 * value)} %`;
  return value < 10 ? String(Math.round(10 * value) / 10) : count(Math.round(value));
}
