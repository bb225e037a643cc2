"""Errors in pending chunks, as rows of `errors`. Reads only, within limits.

The newest chunks are read, few enough for one request; the errors of the others appear with their
compaction. The errors of a chunk are cached. Erased sessions are left out. Errors of compacted
sessions are read in `lake.reading.error_groups`.
"""

from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple

from lake.analysis.js_errors.rule import JsError, JsErrors
from lake.control.tombstones import Tombstones
from lake.control.websites import Website
from lake.errors import Damaged, ObjectMissing, StoreUnavailable
from lake.raw import segment_file
from lake.raw.pending_index import PendingChunk, group_by_session
from lake.reading.lake_snapshot import Lake, LakeSnapshot
from lake.reading.pending_sessions import PendingSession, PendingSessions
from lake.sessions import merge
from lake.sessions.merge import ChunkUnion
from lake.sessions.summary import summarize
from lake.tables import row_builders
from lake.tables.row_builders import Row
from lake.tables.session_rows import SessionKey

_CHUNKS_MAX = 200  # of one request
_RAW_BYTES_MAX = 64 * 1024 * 1024  # of these, inflated
_ROWS_MAX = 5_000  # errors with the longest stacks take 45 MB
_READERS = 8  # segments in flight, and in memory
_EVENT_BYTES = 200  # memory of an error without its texts
_TRIES_MAX = 5


class PendingErrors(NamedTuple):
    """A moment of the lake with its waiting errors. `gone` was asked for after `view`."""

    snapshot: LakeSnapshot
    pending: PendingSessions
    tombstones: Tombstones
    rows: list[Row]


def read_pending_errors(
    lake: Lake, website: Website, low: datetime, high: datetime
) -> PendingErrors:
    """Return the newest errors that wait, of a website's sessions that began in [low, high).

    With a newer view where a segment was compacted meanwhile; what is damaged is left out.

    Raises:
        StoreUnavailable.
    """
    snapshot, pending = lake.snapshot_with_sessions(website.website_id)
    for _ in range(_TRIES_MAX):
        tombstones = lake.tombstones.read(website.website_id)
        _evict_erased(lake, tombstones)
        try:
            return PendingErrors(
                snapshot, pending, tombstones, _rows(lake, pending, tombstones, low, high)
            )
        except ObjectMissing:
            snapshot, pending = lake.snapshot_with_sessions(website.website_id, newer=True)
    raise StoreUnavailable("segments were deleted before they could be read: try again")


def _evict_erased(lake: Lake, tombstones: Tombstones) -> None:
    """What is gone is not remembered either."""

    def is_gone(key: Hashable) -> bool:
        return (
            isinstance(key, tuple)
            and key[0] == tombstones.website_id
            and key[1] in tombstones.waiting
        )

    if tombstones.waiting:
        lake.error_cache.drop(is_gone)


def _rows(
    lake: Lake, pending: PendingSessions, tombstones: Tombstones, low: datetime, high: datetime
) -> list[Row]:
    wanted = _newest(
        item
        for session in pending.by_id.values()
        if session.new_errors
        and low <= session.row["started_at"] < high
        and not _is_hidden(tombstones, session)
        for item in session.new_errors
    )
    events = _events(lake, wanted)
    rows: list[Row] = []
    for key, items in group_by_session(sorted(wanted, key=_place)).items():
        mine = [(item, events[_place(item)]) for item in items if _place(item) in events]
        if mine:
            rows += _rows_of(key, pending.by_id[key[1]].union, mine)
    rows.sort(key=lambda row: int(row["at_ms"]), reverse=True)
    return rows[:_ROWS_MAX]


def _is_hidden(tombstones: Tombstones, session: PendingSession) -> bool:
    row = session.row
    return tombstones.is_erased(
        row["session_id"], visitors=row_builders.visitors_of(row), users=row_builders.users_of(row)
    )


def _place(item: PendingChunk) -> tuple[str, str, str, int]:
    return item.received_chunk.website_id, item.received_chunk.session_id, item.key, item.row


def _newest(waiting: Iterator[PendingChunk]) -> list[PendingChunk]:
    newest: list[PendingChunk] = []
    raw_bytes = 0
    for item in sorted(waiting, key=lambda item: item.received_chunk.received_at, reverse=True):
        raw_bytes += item.received_chunk.facts.raw_bytes
        if len(newest) == _CHUNKS_MAX or (newest and raw_bytes > _RAW_BYTES_MAX):
            break
        newest.append(item)
    return newest


def _events(lake: Lake, wanted: list[PendingChunk]) -> dict[Hashable, list[JsError]]:
    """Return the errors of chunks by where they lie. Chunks that are damaged have none."""
    owner = wanted[0].received_chunk.website_id if wanted else ""
    cached = lake.error_cache.get(map(_place, wanted), owner=owner)
    by_segment: dict[str, list[PendingChunk]] = {}
    for item in wanted:
        if _place(item) not in cached:
            by_segment.setdefault(item.key, []).append(item)
    names = list(by_segment)
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(names), _READERS):
            some = names[start : start + _READERS]
            for name, body in zip(some, pool.map(lake.store.get, some), strict=True):
                for item, events in _read(lake, body, by_segment[name]):
                    size = sum(len(e.message) + len(e.stack or "") + _EVENT_BYTES for e in events)
                    cached[_place(item)] = events
                    lake.error_cache.put([(_place(item), events, size)], owner=owner)
    return {_place(item): cached[_place(item)] for item in wanted if _place(item) in cached}


def _read(
    lake: Lake, body: bytes, items: list[PendingChunk]
) -> Iterator[tuple[PendingChunk, list[JsError]]]:
    try:
        payloads = segment_file.decode_payloads(body)
    except Damaged:
        return
    for item in items:
        rule = JsErrors()
        try:
            for event in merge.decode_chunk_events(
                item.received_chunk, payloads[item.row].as_py(), lake.settings
            ):
                rule.see(event.at_ms, 0, event.type, event.json)
        except Damaged:
            continue
        yield item, rule.errors


def _rows_of(
    key: SessionKey, union: ChunkUnion, events_by_chunk: list[tuple[PendingChunk, list[JsError]]]
) -> list[Row]:
    summary = summarize(*key, union.chunks, union.client)
    number = {chunk.place: i for i, chunk in enumerate(union.chunks)}
    events = [
        event._replace(chunk=number[item.received_chunk.facts.place])
        for item, events in events_by_chunk
        for event in events
    ]
    return row_builders.error_rows(summary, union.chunks, events)
