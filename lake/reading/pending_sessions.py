"""Sessions of one website with pending chunks, merged with what the tables have of them.

The readers of a website do this work for it, under a lock of its own, so that the pending chunks
of one website cost the readers of another nothing. A new chunk of a large session costs its own
size only, because the session's totals are continued (`lake.sessions.running_summary`). A session
is counted from the start only where its row in the tables changed or some of its chunks are gone.
Reads only.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from lake.raw.chunk_facts import Client
from lake.raw.pending_index import PendingChunk
from lake.raw.view_budget import Place
from lake.sessions import merge
from lake.sessions.merge import ChunkUnion
from lake.sessions.running_summary import RunningSummary
from lake.sessions.summary import SessionSummary
from lake.storage.base import Store
from lake.tables import row_builders
from lake.tables.compacted_sessions import CompactedSession, chunk_union, read_compacted_sessions
from lake.tables.delta_table import POLARS_SCHEMAS, Snapshot, reading
from lake.tables.row_builders import Row
from lake.tables.schemas import SCORE_COLUMNS
from lake.tables.session_rows import SessionKey

_SCHEMA = {name: kind for name, kind in POLARS_SCHEMAS["sessions"].items() if name != "part"}
_CHUNKS_RECOUNTED_MAX = 16  # totals of smaller sessions are not remembered between reads


class PendingSession(NamedTuple):
    """A session with pending chunks.

    `compacted` is None where it has no file yet. `chunks` are pending, oldest first. `row` has the
    columns of `sessions` except `urls`, which would be most of its bytes. `new_errors` are the
    pending chunks with errors that are not in its file.
    """

    compacted: CompactedSession | None
    chunks: tuple[PendingChunk, ...]
    row: Row
    new_errors: tuple[PendingChunk, ...]

    @property
    def union(self) -> ChunkUnion:
        """All its chunks, built on each access at the cost of the session's size."""
        return chunk_union(self.compacted, self.chunks)


class PendingSessions(NamedTuple):
    """A website's sessions with pending chunks.

    `by_id` is by session id. `rows` are theirs, in the columns of `sessions`. `replaced_rows` are
    the rows that the table has of them.
    """

    by_id: Mapping[str, PendingSession]
    rows: pl.DataFrame
    replaced_rows: pl.DataFrame


def session_frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows of `sessions` as a frame, without `part`."""
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


NO_SESSIONS = PendingSessions({}, session_frame([]), session_frame([]))


def row_with_pending(
    summary: SessionSummary,
    compacted: CompactedSession | None,
    *,
    visitor_ids: Iterable[str],
    has_new: bool,
) -> Row:
    """Return a session's row with its pending chunks counted; scores are of its last compaction.

    Args:
        has_new: Whether a pending chunk is not in the file; else the stored row is returned.
    """
    if compacted is not None and not has_new:
        return {name: value for name, value in compacted.row.items() if name != "part"}
    row = row_builders.session_row(
        summary, None, visitor_ids=visitor_ids, file_bytes=0, file_sha256=""
    )
    if compacted is not None:
        row |= {name: compacted.row[name] for name in SCORE_COLUMNS}
        users = (*row_builders.users_of(compacted.row), *row["user_ids"])
        row["user_ids"] = list(dict.fromkeys(users))
    return row


class WebsiteMerge:
    """The merged sessions of one website. One thread at a time: hold `lock`."""

    def __init__(self, store: Store, website_id: str) -> None:
        self.lock = threading.Lock()
        self._store = store
        self._website_id = website_id
        self._totals: dict[str, _SessionTotals] = {}
        self._versions: tuple[int, int] | None = None
        self._merged = NO_SESSIONS

    def merged(
        self, chunks: Mapping[str, tuple[PendingChunk, ...]], tables: Mapping[str, Snapshot]
    ) -> PendingSessions:
        """Return the sessions as of a snapshot that is no older than the last one.

        Args:
            chunks: The pending chunks, by session.

        Raises:
            Damaged, StoreUnavailable.
        """
        compacted = self._read_compacted(chunks, tables)
        old = self._merged.by_id
        merged: dict[str, PendingSession] = {}
        new_rows: list[Row] = []
        for session_id, pending in chunks.items():
            before, now = old.get(session_id), compacted.get(session_id)
            if before and before.chunks is pending and before.compacted is now:
                merged[session_id] = before
                continue
            row, merged[session_id] = self._merge_session(session_id, before, now, pending)
            new_rows.append(row)
        for session_id in old.keys() - merged.keys():
            self._totals.pop(session_id, None)
        if new_rows or len(merged) != len(old):
            self._merged = PendingSessions(
                merged, self._rows(merged, new_rows), self._replaced_rows(merged)
            )
        return self._merged

    def _read_compacted(
        self, chunks: Mapping[str, tuple[PendingChunk, ...]], tables: Mapping[str, Snapshot]
    ) -> dict[str, CompactedSession]:
        """Return those of the sessions that are compacted; unchanged ones as the same objects."""
        versions = (tables["sessions"].version, tables["session_files"].version)
        old = self._merged.by_id
        have = {
            (self._website_id, session_id): session.compacted
            for session_id, session in old.items()
            if session.compacted and session_id in chunks
        }
        wanted: Iterable[str] = chunks
        if versions == self._versions:
            wanted = chunks.keys() - old.keys()
        keys = [(self._website_id, session_id) for session_id in wanted]
        with reading("sessions"):
            compacted = read_compacted_sessions(
                self._store, tables["sessions"], tables["session_files"], keys, have=have
            )
        if versions == self._versions:
            compacted = have | compacted
        self._versions = versions
        return {session_id: session for (_, session_id), session in compacted.items()}

    def _merge_session(
        self,
        session_id: str,
        before: PendingSession | None,
        compacted: CompactedSession | None,
        chunks: tuple[PendingChunk, ...],
    ) -> tuple[Row, PendingSession]:
        """Return a session's full row, and the session."""
        totals = self._totals.pop(session_id, None)
        added: Sequence[PendingChunk] | None = None
        if totals and before and before.compacted is compacted:
            added = totals.added_since(before.chunks, chunks)
        if totals is None or added is None:
            totals, added = _SessionTotals((self._website_id, session_id), compacted), chunks
        totals.add(added)
        if len(totals.summary.chunks) > _CHUNKS_RECOUNTED_MAX:
            self._totals[session_id] = totals
        row = row_with_pending(
            totals.summary.summary(totals.client),
            compacted,
            visitor_ids=sorted(totals.visitors - {""}),
            has_new=totals.has_new,
        )
        small_row = {name: value for name, value in row.items() if name != "urls"}
        return row, PendingSession(compacted, chunks, small_row, tuple(totals.new_errors))

    def _rows(self, merged: Mapping[str, PendingSession], new_rows: list[Row]) -> pl.DataFrame:
        stale = self._merged.by_id.keys() - merged.keys()
        stale |= {row["session_id"] for row in new_rows}
        current = self._merged.rows.filter(~pl.col("session_id").is_in(list(stale)))
        return pl.concat([current, session_frame(new_rows)], rechunk=True)

    def _replaced_rows(self, merged: Mapping[str, PendingSession]) -> pl.DataFrame:
        now = [session.compacted for session in merged.values() if session.compacted]
        before = [s.compacted for s in self._merged.by_id.values() if s.compacted]
        if list(map(id, now)) == list(map(id, before)):
            return self._merged.replaced_rows
        return session_frame([session.row for session in now])


class _SessionTotals:
    """Totals of one session's chunks so far."""

    def __init__(self, key: SessionKey, compacted: CompactedSession | None) -> None:
        self.summary = RunningSummary(*key)
        self.users: set[str] = set()
        self.visitors = set(compacted.visitor_ids if compacted else ())
        self.has_new = False
        # Once a chunk is refused for its people, the result depends on the order of all chunks.
        self._is_full = False
        self.new_errors: list[PendingChunk] = []
        for facts in compacted.chunks if compacted else ():
            self.summary.add(facts)
            self.users.update(facts.users)
        self._client = compacted.client if compacted else None
        self._first: Place | None = min(self.summary.chunks, default=None)

    @property
    def client(self) -> Client:
        assert self._client is not None, "a session has a chunk"
        return self._client

    def added_since(
        self, before: tuple[PendingChunk, ...], now: tuple[PendingChunk, ...]
    ) -> Sequence[PendingChunk] | None:
        """Return the chunks of `now` that `before` lacks; None: count from the start."""
        if self._is_full:
            return None
        if now[: len(before)] == before:  # the same objects: compared by address
            return now[len(before) :]
        seen = {chunk[:2] for chunk in before}
        added = [chunk for chunk in now if chunk[:2] not in seen]
        has_lost = len(now) - len(added) < len(before)
        # Of one place the oldest chunk counts, and the added ones may be older.
        is_doubled = any(chunk.received_chunk.facts.place in self.summary.chunks for chunk in added)
        return None if has_lost or is_doubled else added

    def add(self, chunks: Iterable[PendingChunk]) -> None:
        for chunk in chunks:
            received_chunk = chunk.received_chunk
            place = received_chunk.facts.place
            if place in self.summary.chunks:
                continue
            users, visitor = received_chunk.facts.users, (received_chunk.client.visitor_id,)
            if not (
                merge.fits_people_limit(self.users, users)
                and merge.fits_people_limit(self.visitors, visitor)
            ):
                self._is_full = True
                continue
            self.summary.add(received_chunk.whole_facts)
            self.users.update(users)
            self.visitors.update(visitor)
            self.has_new = True
            if received_chunk.facts.error_count:
                self.new_errors.append(chunk)
            if self._first is None or place < self._first:
                self._client, self._first = received_chunk.client, place
