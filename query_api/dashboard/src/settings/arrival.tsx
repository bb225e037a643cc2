/** Whether anything of the website arrives: looked at again and again. */

import { useEffect, useRef } from "preact/hooks";
import type { SessionList, Website } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import { useFetched } from "../shell/fetched.ts";
import { ago, counted, moment, place } from "../shell/format.ts";
import { Trouble } from "../shell/trouble.tsx";

const EVERY_MS = 3000;

interface Props {
  website: Website;
  /** Told once it is known whether there is anything. */
  onSeen: (isAnything: boolean) => void;
}

export function Arrival({ website, onSeen }: Props) {
  const id = encodeURIComponent(website.website_id);
  const { value, problem, retry } = useFetched<SessionList>(
    `/api/websites/${id}/sessions?limit=1`,
    EVERY_MS,
  );
  const wasEmpty = useRef(false);
  const newest = value?.sessions[0];
  const isKnown = value !== null;
  if (isKnown && !newest) wasEmpty.current = true;
  useEffect(() => {
    if (isKnown) onSeen(newest !== undefined);
  }, [isKnown, newest === undefined]);
  return (
    <>
      {problem && <Trouble problem={problem} onRetry={retry} />}
      <div role="status" class={newest ? "arrival here" : "arrival"}>
        {!value && !problem && "Looking …"}
        {value && !newest && (
          <p>
            <strong>Waiting for the first event.</strong> Open a page that has the tag: it appears
            here by itself, within seconds.
          </p>
        )}
        {value && newest && (
          <p>
            <strong>
              {wasEmpty.current ? "The first event has arrived." : "Events have arrived."}
            </strong>{" "}
            {counted(value.total, "session")}, the newest began{" "}
            <time dateTime={newest.startedAt} title={moment(newest.startedAt)}>
              {ago(newest.startedAt, Date.now())}
            </time>{" "}
            on <bdi>{place(newest.initialUrl)}</bdi>.{" "}
            <a href={linkTo(`/sessions/${encodeURIComponent(newest.sessionId)}`)}>Watch it</a>
          </p>
        )}
      </div>
    </>
  );
}
