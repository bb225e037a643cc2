"""Serialization of lake rows to the JSON that `query_api.schemas` describes. Pure."""

from datetime import datetime
from typing import Any, cast

import msgspec

from lake.ids import at_ms_of
from lake.reading.error_groups import ErrorGroupPage, ErrorOccurrencePage
from lake.reading.session_detail import SessionDetails
from lake.reading.session_list import SessionListPage
from lake.sessions.summary import SessionGap
from lake.tables.row_builders import Row, users_of, visitors_of
from lake.tables.schemas import SIGNAL_KINDS
from lake.timestamps import CLOCK_OFF_MS_MAX, clamp_to_session
from query_api import schemas

_LISTS = {
    "pages": "pageList",
    "signals": "signalEvents",
    "errors": "errorEvents",
    "gaps": "gaps",
    "frames": "frames",
}


def session_list(listing: SessionListPage) -> schemas.SessionList:
    """Serialize one page of the session list."""
    return {
        "sessions": [session(row) for row in listing.rows],
        "nextCursor": listing.next_cursor,
        "total": listing.total,
    }


def session(row: Row) -> schemas.Session:
    """Serialize a row of `sessions` with its `is_live`."""
    counts = {kind: row[f"{kind}_count"] for kind in SIGNAL_KINDS}
    signals = {kind: count for kind, count in counts.items() if count is not None}
    return {
        "sessionId": row["session_id"],
        "visitorId": row["visitor_id"],
        "userId": row["user_id"],
        "startedAt": _iso(row["started_at"]),
        "duration": min(row["duration_ms"], 2 * CLOCK_OFF_MS_MAX),
        "pageViews": row["page_count"],
        "hasErrors": row["error_count"] > 0,
        "errorCount": row["error_count"],
        "hasFrustration": any(signals.values()),
        "frustrationScore": row["frustration_score"],
        "signals": signals,
        "viewport": {"width": row["viewport_width"], "height": row["viewport_height"]},
        "device": {"type": row["device_type"], "model": row["device_model"]},
        "browser": {"name": row["browser_name"], "version": row["browser_version"]},
        "os": {"name": row["os_name"], "version": row["os_version"]},
        "country": row["country"],
        "initialUrl": row["initial_url"],
        "exitUrl": row["exit_url"],
        "activeMs": row["active_ms"],
        "activity": row["activity"],
        "clickCount": row["click_count"],
        "eventCount": row["event_count"],
        "isLive": row["is_live"],
        "isComplete": row["is_complete"],
        "bytes": row["raw_bytes"],
    }


def session_detail(detail: SessionDetails) -> schemas.SessionDetail:
    """Serialize one session with its contents."""
    began_ms = at_ms_of(detail.row["session_id"])
    start: int = detail.row["first_at_ms"]

    def offset(at_ms: float) -> int:
        return clamp_to_session(at_ms, began_ms) - start

    return {
        **session(detail.row),
        "visitorIds": visitors_of(detail.row),
        "userIds": users_of(detail.row),
        "firstAtMs": start,
        "pageList": [
            {
                "pageId": page.page_id,
                "url": page.url,
                "title": page.title,
                "atMs": page.at_ms - start,
                "duration": page.duration_ms,
                "clickCount": detail.click_counts.get((page.page_id, page.at_ms)),
            }
            for page in detail.pages
        ],
        "signalEvents": [
            {
                "kind": row["kind"],
                "atMs": offset(row["at_ms"]),
                "pageId": row["page_id"],
                "url": row["url"],
                "target": row["target"],
                "text": row["text"],
                "x": row["x"],
                "y": row["y"],
                "evidence": msgspec.json.decode(row["evidence"]) if row["evidence"] else None,
            }
            for row in detail.signals
        ],
        "errorEvents": [_error(row, offset(row["at_ms"])) for row in detail.errors],
        "gaps": [
            {
                "pageId": gap.page_id,
                "kind": gap.kind,
                "firstSeq": gap.first_seq,
                "lastSeq": gap.last_seq,
                "says": _gap_text(gap),
            }
            for gap in detail.gaps
        ],
        "frames": [
            {
                "fromMs": offset(frame.first_at_ms),
                "toMs": offset(frame.last_at_ms),
                "eventCount": frame.event_count,
                "bytes": frame.raw_bytes,
                "hasSnapshot": frame.has_snapshot,
            }
            for frame in detail.frames
        ],
        "trigger": detail.trigger,
        "cut": [name for part, name in _LISTS.items() if part in detail.cut],
    }


def shared_session(detail: SessionDetails) -> schemas.SharedSession:
    """Serialize one session for a share link: without its visitor and user.

    Original stacks are left out too, because they come from the website's own source maps.
    """
    shared: dict[str, Any] = {**session_detail(detail)}
    del shared["visitorId"], shared["userId"], shared["visitorIds"], shared["userIds"]
    for error in shared["errorEvents"]:
        error["stackOriginal"] = None
    return cast(schemas.SharedSession, shared)


def error_groups(groups: ErrorGroupPage) -> schemas.ErrorGroups:
    """Serialize a website's error groups."""
    return {
        "errors": [
            {
                "fingerprint": row["fingerprint"],
                "message": row["message"],
                "source": row["source"],
                "count": row["count"],
                "sessions": row["session_count"],
                "visitors": row["visitor_count"],
                "firstSeenAt": _iso(row["first_seen_at"]),
                "lastSeenAt": _iso(row["last_seen_at"]),
                "byDay": _by_day(row["by_day"]),
            }
            for row in groups.rows
        ],
        "total": groups.total,
    }


def occurrences(fingerprint: str, page: ErrorOccurrencePage) -> schemas.Occurrences:
    """Serialize the errors of one group."""
    return {
        "fingerprint": fingerprint,
        "occurrences": [
            {
                **_error(row, row["offset_ms"]),
                "sessionId": row["session_id"],
                "visitorId": row["visitor_id"],
                "seenAt": _iso(row["seen_at"]),
            }
            for row in page.rows
        ],
        "total": page.total,
        "byDay": _by_day(page.by_day),
    }


def _by_day(rows: list[Row]) -> list[schemas.ErrorDay]:
    return [
        {"date": row["date"].isoformat(), "count": row["count"], "sessions": row["session_count"]}
        for row in rows
    ]


def _gap_text(gap: SessionGap) -> str:
    """Return a sentence on why a page does not play as it was."""
    if gap.kind == "no-snapshot":
        return "No full picture of this page arrived: it cannot be drawn."
    is_single = gap.first_seq == gap.last_seq
    which = f"Chunk {gap.first_seq}" if is_single else f"Chunks {gap.first_seq} to {gap.last_seq}"
    return f"{which} of this page did not arrive: the replay jumps over what happened then."


def _error(row: dict[str, Any], at_ms: int) -> schemas.ErrorEvent:
    return {
        "atMs": at_ms,
        "pageId": row["page_id"],
        "fingerprint": row["fingerprint"],
        "message": row["message"],
        "stack": row["stack"],
        "stackOriginal": row["stack_original"],
        "source": row["source"],
    }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
