"""Details of one session: its row, pages, errors, signals, gaps and frames."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from lake.analysis.js_errors.rule import JsErrors
from lake.control.websites import Website
from lake.raw.payload_spool import PayloadSpool
from lake.raw.rrweb_events import CUSTOM, PLUGIN
from lake.reading.lake_snapshot import Lake
from lake.reading.live_merge import with_payloads
from lake.reading.pending_sessions import row_with_pending, session_frame
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.session_filters import is_live
from lake.reading.session_lookup import ResolvedSession
from lake.sessions import merge
from lake.sessions.session_file import SessionFrame
from lake.sessions.summary import SessionGap, SessionPage, SessionSummary, summarize
from lake.tables import row_builders
from lake.tables.delta_table import Snapshot, reading
from lake.tables.row_builders import Row
from lake.tables.session_rows import SessionKey, rows_of

_LIST_BYTES_MAX = 2 * 1024 * 1024  # of each list of an answer, as JSON
_ITEM_BYTES = 150  # about the names of an item's fields


class SessionDetails(NamedTuple):
    """Details of a session. `row` is its row of `sessions` with `is_live`.

    `frames` are those of its file. `trigger` is the reason why the recorder kept it, None if it
    sent none. `click_counts` are by page and `at_ms` of a view. They are empty while chunks are
    pending, as clicks of those are not counted yet. `cut` names the lists that are too long for an
    answer and have only their first part here.

    Times in `errors` and `signals` (rows of those tables) and in `pages` are the browser's clock;
    `row["first_at_ms"]` is where offsets begin. `errors` have `stack_original` too.
    """

    row: Row
    pages: list[SessionPage]
    errors: list[Row]
    signals: list[Row]
    gaps: list[SessionGap]
    frames: list[SessionFrame]
    trigger: str | None
    click_counts: dict[tuple[str, int], int | None]
    cut: frozenset[str]


@retry_on_newer_snapshot
def session_detail(lake: Lake, website: Website, session_id: str) -> SessionDetails:
    """Return everything about one session except its events.

    Raises:
        SessionMissing: There is none, or it is expired.
        Damaged, StoreUnavailable.
    """

    def read(session: ResolvedSession, spool: PayloadSpool, folder: Path) -> SessionDetails:  # noqa: ARG001 - not needed here
        key = (website.website_id, session_id)
        summary = summarize(*key, session.chunks, session.client)
        union = session.union
        row = row_with_pending(
            summary, session.compacted, visitor_ids=union.visitor_ids, has_new=bool(union.new)
        )
        live = is_live(lake.now_ms(), lake.settings.live_s)
        # What an older version wrote may be of times that nobody believes.
        row |= {"first_at_ms": summary.first_at_ms, "duration_ms": summary.duration_ms}
        row["is_live"] = session_frame([row]).select(live).item()
        tables = session.snapshot.tables
        with reading("errors and signals"):
            errors = _sorted(rows_of(tables["errors"], [key]).to_dicts(), "error_no")
            signals = _sorted(rows_of(tables["signals"], [key]).to_dicts(), "signal_no")
        new_errors = _new_errors(lake, session, spool, summary)
        parts: dict[str, Sequence[Any]] = {
            "pages": summary.pages,
            "errors": sorted([*errors, *new_errors], key=lambda error: error["at_ms"]),
            "signals": signals,
            "gaps": summary.gaps,
            "frames": session.file.header.frames if session.file else (),
        }
        lists = {name: _first_of(items) for name, items in parts.items()}
        cut = {name for name, items in parts.items() if len(lists[name]) < len(items)}
        if len(lists["pages"]) < summary.page_count:
            cut.add("pages")
        return SessionDetails(
            row,
            **lists,
            trigger=summary.trigger,
            click_counts={} if session.union.new else _click_counts(tables["pages"], key),
            cut=frozenset(cut),
        )

    details = with_payloads(lake, website, session_id, read)
    return details._replace(errors=lake.source_maps.applied(website.website_id, details.errors))


def _first_of(items: Iterable[Any]) -> list[Any]:
    """Return the first items that fit into an answer."""
    first = []
    left = _LIST_BYTES_MAX
    for item in items:
        left -= _ITEM_BYTES + len(msgspec.json.encode(item))
        if left < 0:
            break
        first.append(item)
    return first


def _click_counts(pages: Snapshot, key: SessionKey) -> dict[tuple[str, int], int | None]:
    with reading("pages"):
        counts = rows_of(pages, [key]).select("page_id", "at_ms", "click_count")
    return {(page_id, at_ms): count for page_id, at_ms, count in counts.iter_rows()}


def _new_errors(
    lake: Lake, session: ResolvedSession, spool: PayloadSpool, summary: SessionSummary
) -> list[Row]:
    """Return the errors in pending chunks."""
    rule = JsErrors()
    number = {chunk.place: i for i, chunk in enumerate(session.chunks)}
    for received_chunk in session.union.new:
        if not received_chunk.facts.error_count:
            continue
        for event in merge.decode_chunk_events(
            received_chunk, spool.payload_of(received_chunk), lake.settings
        ):
            if event.type in (CUSTOM, PLUGIN):
                rule.see(event.at_ms, number[received_chunk.facts.place], event.type, event.json)
    return row_builders.error_rows(summary, session.chunks, rule.errors)


def _sorted(rows: list[Row], column: str) -> list[Row]:
    return sorted(rows, key=lambda row: int(row[column]))
