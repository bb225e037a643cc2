/** One session at a glance. */

import type { Session } from "../api/types.ts";
import { linkTo } from "../shell/account.ts";
import {
  ago,
  clock,
  count,
  counted,
  moment,
  place,
  signalName,
  software,
} from "../shell/format.ts";
import { Strip } from "./strip.tsx";

const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

export function Row(props: { session: Session; isChosen: boolean; nowMs: number }) {
  const { session, isChosen, nowMs } = props;
  return (
    <tr class={isChosen ? "chosen" : ""} id={`row-${session.sessionId}`}>
      <td class="who">
        <a href={linkTo(`/sessions/${session.sessionId}`)}>{nameOf(session)}</a>
        <span class="dim">
          {session.isLive ? (
            <span class="live">Live</span>
          ) : (
            <time dateTime={session.startedAt} title={moment(session.startedAt)}>
              {ago(session.startedAt, nowMs)}
            </time>
          )}
          {session.country && <span title={regionOf(session.country)}> · {session.country}</span>}
        </span>
      </td>
      <td class="where">
        <span class="path" title={session.initialUrl ?? ""}>
          <bdi>{place(session.initialUrl)}</bdi>
        </span>
        <span class="dim">
          {counted(session.pageViews, "page")} · {counted(session.clickCount, "click")}
          {session.exitUrl && session.exitUrl !== session.initialUrl && (
            <span title={session.exitUrl}>
              {" "}
              · left at <bdi>{place(session.exitUrl)}</bdi>
            </span>
          )}
        </span>
      </td>
      <td class="with">
        <span>{software(session.browser)}</span>
        <span class="dim">
          {session.device.type} · {session.os.name ?? "unknown"}
        </span>
      </td>
      <td class="how-long">
        <span class="number">{clock(session.duration)}</span>
        {session.activity && <Strip activity={session.activity} />}
      </td>
      <td class="signals">
        <Signals session={session} />
      </td>
      <td class="score">
        <Score session={session} />
      </td>
    </tr>
  );
}

/** Who it was: as the website calls its user, else the visitor's id, shortened. */
export function nameOf({ userId, visitorId }: Session): string {
  if (userId) return userId;
  return visitorId ? `Visitor ${visitorId.slice(0, 6)}` : "Unknown visitor";
}

function regionOf(code: string): string {
  try {
    return REGIONS.of(code) ?? code;
  } catch {
    return code; // not of the form of one
  }
}

function Signals({ session }: { session: Session }) {
  const found = Object.entries(session.signals).filter(([, number]) => number > 0);
  return (
    <>
      {session.errorCount > 0 && (
        <span class="tag bad">{counted(session.errorCount, "error")}</span>
      )}
      {found.map(([kind, number]) => (
        <span class="tag" key={kind}>
          {signalName(kind)}
          {number > 1 && ` ×${count(number)}`}
        </span>
      ))}
    </>
  );
}

function Score({ session: { frustrationScore, isLive } }: { session: Session }) {
  if (frustrationScore === null) {
    const why = isLive ? "Scored once it has ended" : "Not scored yet";
    return (
      <span class="dim" title={why}>
        –
      </span>
    );
  }
  const level = frustrationScore >= 60 ? "high" : frustrationScore >= 25 ? "middle" : "low";
  return (
    <span class={`meter ${level}`} title={`Frustration: ${frustrationScore} of 100`}>
      {frustrationScore}
    </span>
  );
}
