"""One website's sessions with waiting chunks, merged with what the tables have of them.

All of it is done for one website, by those who ask for it, under a lock of its own: what waits of
one website costs the readers of another nothing. A new chunk of a large session costs its own
size, as the session's totals go on (`lake.sessions.running_summary`); a session is added up anew
only where its row in the tables changed or some of its chunks went. Reads only.
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
from lake.tables.compacted_sessions import CompactedSession, read_compacted_sessions
from lake.tables.delta_table import POLARS_SCHEMAS, Snapshot, reading
from lake.tables.row_builders import Row
from lake.tables.schemas import SCORE_COLUMNS
from lake.tables.session_rows import SessionKey

_SCHEMA = {name: kind for name, kind in POLARS_SCHEMAS["sessions"].items() if name != "part"}
_CHUNKS_RECOUNTED_MAX = 16  # chunks that are rather added up anew than kept added up


class PendingSession(NamedTuple):
    """A session with waiting chunks. `known` is what the tables have of it.

    `row` is in the columns of `sessions`, but for `urls`, which would be most of its bytes.
    `new_errors` are the waiting chunks with errors that are not in its file.
    """

    known: CompactedSession | None
    waiting: tuple[PendingChunk, ...]
    row: Row
    new_errors: tuple[PendingChunk, ...]

    @property
    def union(self) -> ChunkUnion:
        """Its chunks, put together anew: costs the session's size."""
        return chunk_union(self.known, self.waiting)


class PendingSessions(NamedTuple):
    """A website's, by id. `rows` are in the columns of `sessions`.

    `replaced_rows` are those that the table has of them.
    """

    by_id: Mapping[str, PendingSession]
    rows: pl.DataFrame
    replaced_rows: pl.DataFrame


def session_frame(found: Sequence[Row]) -> pl.DataFrame:
    """Return rows of `sessions` as a frame, without `part`."""
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


NO_SESSIONS = PendingSessions({}, session_frame([]), session_frame([]))


def chunk_union(known: CompactedSession | None, waiting: Iterable[PendingChunk]) -> ChunkUnion:
    """Return the chunks of a session, those in its file and those that wait."""
    return merge.unite_chunks(
        known.chunks if known else (),
        known.client if known else None,
        (item.received_chunk for item in waiting),
        known.visitor_ids if known else (),
    )


def row_with_pending(
    summary: SessionSummary,
    known: CompactedSession | None,
    *,
    visitor_ids: Iterable[str],
    has_new: bool,
) -> Row:
    """Return a session's row with what waits of it; its scores are of its last compaction."""
    if known is not None and not has_new:
        return {name: value for name, value in known.row.items() if name != "part"}
    row = row_builders.session_row(
        summary, None, visitor_ids=visitor_ids, file_bytes=0, file_sha256=""
    )
    if known is not None:
        row |= {name: known.row[name] for name in SCORE_COLUMNS}
        row["user_ids"] = list(dict.fromkeys((*row_builders.users_of(known.row), *row["user_ids"])))
    return row


class WebsiteMerge:
    """Follows the waiting chunks of one website. One thread at a time: hold `lock`."""

    def __init__(self, store: Store, website_id: str) -> None:
        self.lock = threading.Lock()
        self._store = store
        self._website_id = website_id
        self._sums: dict[str, _SessionTotals] = {}
        self._versions: tuple[int, int] | None = None
        self._found = NO_SESSIONS

    def merged(
        self, chunks: Mapping[str, tuple[PendingChunk, ...]], tables: Mapping[str, Snapshot]
    ) -> PendingSessions:
        """Return the sessions at a moment that is no earlier than the last one.

        Args:
            chunks: What waits, by session.

        Raises:
            Damaged, StoreUnavailable.
        """
        known = self._known(chunks, tables)
        old = self._found.by_id
        found: dict[str, PendingSession] = {}
        new_rows: list[Row] = []
        for session_id, waiting in chunks.items():
            before, compacted = old.get(session_id), known.get(session_id)
            if before and before.waiting is waiting and before.known is compacted:
                found[session_id] = before
                continue
            row, found[session_id] = self._sum_up(session_id, before, compacted, waiting)
            new_rows.append(row)
        for session_id in old.keys() - found.keys():
            self._sums.pop(session_id, None)
        if new_rows or len(found) != len(old):
            self._found = PendingSessions(
                found, self._rows(found, new_rows), self._replaced_rows(found)
            )
        return self._found

    def _known(
        self, chunks: Mapping[str, tuple[PendingChunk, ...]], tables: Mapping[str, Snapshot]
    ) -> dict[str, CompactedSession]:
        versions = (tables["sessions"].version, tables["session_files"].version)
        old = self._found.by_id
        have = {
            (self._website_id, session_id): session.known
            for session_id, session in old.items()
            if session.known and session_id in chunks
        }
        wanted: Iterable[str] = chunks
        if versions == self._versions:
            wanted = chunks.keys() - old.keys()
        keys = [(self._website_id, session_id) for session_id in wanted]
        with reading("sessions"):
            found = read_compacted_sessions(
                self._store, tables["sessions"], tables["session_files"], keys, have=have
            )
        if versions == self._versions:
            found = have | found
        self._versions = versions
        return {session_id: known for (_, session_id), known in found.items()}

    def _sum_up(
        self,
        session_id: str,
        before: PendingSession | None,
        known: CompactedSession | None,
        waiting: tuple[PendingChunk, ...],
    ) -> tuple[Row, PendingSession]:
        """Return a session's row, and all else of it."""
        total = self._sums.pop(session_id, None)
        came: Sequence[PendingChunk] | None = None
        if total and before and before.known is known:
            came = total.came(before.waiting, waiting)
        if total is None or came is None:
            total, came = _SessionTotals((self._website_id, session_id), known), waiting
        total.take(came)
        if len(total.summary.chunks) > _CHUNKS_RECOUNTED_MAX:
            self._sums[session_id] = total
        row = row_with_pending(
            total.summary.summary(total.client),
            known,
            visitor_ids=sorted(total.visitors - {""}),
            has_new=total.has_new,
        )
        small = {name: value for name, value in row.items() if name != "urls"}
        return row, PendingSession(known, waiting, small, tuple(total.new_errors))

    def _rows(self, found: Mapping[str, PendingSession], new_rows: list[Row]) -> pl.DataFrame:
        stale = (self._found.by_id.keys() - found.keys()) | {row["session_id"] for row in new_rows}
        kept = self._found.rows.filter(~pl.col("session_id").is_in(list(stale)))
        return pl.concat([kept, session_frame(new_rows)], rechunk=True)

    def _replaced_rows(self, found: Mapping[str, PendingSession]) -> pl.DataFrame:
        replaced = [session.known for session in found.values() if session.known]
        before = [session.known for session in self._found.by_id.values() if session.known]
        if list(map(id, replaced)) == list(map(id, before)):
            return self._found.replaced_rows
        return session_frame([known.row for known in replaced])


class _SessionTotals:
    """One session, added up so far."""

    def __init__(self, key: SessionKey, known: CompactedSession | None) -> None:
        self.summary = RunningSummary(*key)
        self.users: set[str] = set()
        self.visitors = set(known.visitor_ids if known else ())
        self.has_new = False
        self._is_full = False  # who joins then depends on who came first
        self.new_errors: list[PendingChunk] = []
        for chunk in known.chunks if known else ():
            self.summary.add(chunk)
            self.users.update(chunk.users)
        self._client = known.client if known else None
        self._first: Place | None = min(self.summary.chunks, default=None)

    @property
    def client(self) -> Client:
        assert self._client is not None, "a session has a chunk"
        return self._client

    def came(
        self, before: tuple[PendingChunk, ...], now: tuple[PendingChunk, ...]
    ) -> Sequence[PendingChunk] | None:
        """Return which chunks wait since `before`. None: the session must be added up anew."""
        if self._is_full:
            return None
        if now[: len(before)] == before:  # the same objects: compared by address
            return now[len(before) :]
        seen = {item[:2] for item in before}
        items = [item for item in now if item[:2] not in seen]
        has_lost = len(now) - len(items) < len(before)
        # Of one place the oldest counts, and these are not the newest.
        is_doubled = any(item.received_chunk.facts.place in self.summary.chunks for item in items)
        return None if has_lost or is_doubled else items

    def take(self, items: Iterable[PendingChunk]) -> None:
        for item in items:
            received_chunk = item.received_chunk
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
                self.new_errors.append(item)
            if self._first is None or place < self._first:
                self._client, self._first = received_chunk.client, place
