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

from lake.raw.chunk_facts import Client, Summary
from lake.raw.pending_index import Waiting
from lake.raw.view_budget import Place
from lake.sessions import merge
from lake.sessions.merge import Union
from lake.sessions.running_summary import RunningSummary
from lake.storage.base import Store
from lake.tables import row_builders
from lake.tables.compacted_sessions import Known, known_of
from lake.tables.delta_table import POLARS, Snapshot, reading
from lake.tables.row_builders import Row
from lake.tables.schemas import SCORE_COLUMNS
from lake.tables.session_rows import Key

_SCHEMA = {name: kind for name, kind in POLARS["sessions"].items() if name != "part"}
_FEW = 16  # chunks that are rather added up anew than kept added up


class PendingSession(NamedTuple):
    """A session with waiting chunks. `known` is what the tables have of it.

    `row` is in the columns of `sessions`, but for `urls`, which would be most of its bytes.
    `new_errors` are the waiting chunks with errors that are not in its file.
    """

    known: Known | None
    waiting: tuple[Waiting, ...]
    row: Row
    new_errors: tuple[Waiting, ...]

    @property
    def union(self) -> Union:
        """Its chunks, put together anew: costs the session's size."""
        return union_of(self.known, self.waiting)


class PendingSessions(NamedTuple):
    """A website's, by id. `rows` are in the columns of `sessions`.

    `replaced_rows` are those that the table has of them.
    """

    by_id: Mapping[str, PendingSession]
    rows: pl.DataFrame
    replaced_rows: pl.DataFrame


def frame_of(found: Sequence[Row]) -> pl.DataFrame:
    """Return rows of `sessions` as a frame, without `part`."""
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


NONE = PendingSessions({}, frame_of([]), frame_of([]))


def union_of(known: Known | None, waiting: Iterable[Waiting]) -> Union:
    """Return the chunks of a session, those in its file and those that wait."""
    return merge.unite(
        known.chunks if known else (),
        known.client if known else None,
        (item.arrival for item in waiting),
        known.visitor_ids if known else (),
    )


def row_of(
    summary: Summary, known: Known | None, *, visitor_ids: Iterable[str], has_new: bool
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
        self._sums: dict[str, _Sum] = {}
        self._versions: tuple[int, int] | None = None
        self._found = NONE

    def merged(
        self, chunks: Mapping[str, tuple[Waiting, ...]], tables: Mapping[str, Snapshot]
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
        self, chunks: Mapping[str, tuple[Waiting, ...]], tables: Mapping[str, Snapshot]
    ) -> dict[str, Known]:
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
            found = known_of(
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
        known: Known | None,
        waiting: tuple[Waiting, ...],
    ) -> tuple[Row, PendingSession]:
        """Return a session's row, and all else of it."""
        total = self._sums.pop(session_id, None)
        came: Sequence[Waiting] | None = None
        if total and before and before.known is known:
            came = total.came(before.waiting, waiting)
        if total is None or came is None:
            total, came = _Sum((self._website_id, session_id), known), waiting
        total.take(came)
        if len(total.summary.chunks) > _FEW:
            self._sums[session_id] = total
        row = row_of(
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
        return pl.concat([kept, frame_of(new_rows)], rechunk=True)

    def _replaced_rows(self, found: Mapping[str, PendingSession]) -> pl.DataFrame:
        replaced = [session.known for session in found.values() if session.known]
        before = [session.known for session in self._found.by_id.values() if session.known]
        if list(map(id, replaced)) == list(map(id, before)):
            return self._found.replaced_rows
        return frame_of([known.row for known in replaced])


class _Sum:
    """One session, added up so far."""

    def __init__(self, key: Key, known: Known | None) -> None:
        self.summary = RunningSummary(*key)
        self.users: set[str] = set()
        self.visitors = set(known.visitor_ids if known else ())
        self.has_new = False
        self._is_full = False  # who joins then depends on who came first
        self.new_errors: list[Waiting] = []
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
        self, before: tuple[Waiting, ...], now: tuple[Waiting, ...]
    ) -> Sequence[Waiting] | None:
        """Return which chunks wait since `before`. None: the session must be added up anew."""
        if self._is_full:
            return None
        if now[: len(before)] == before:  # the same objects: compared by address
            return now[len(before) :]
        seen = {item[:2] for item in before}
        items = [item for item in now if item[:2] not in seen]
        has_lost = len(now) - len(items) < len(before)
        # Of one place the oldest counts, and these are not the newest.
        is_doubled = any(item.arrival.facts.place in self.summary.chunks for item in items)
        return None if has_lost or is_doubled else items

    def take(self, items: Iterable[Waiting]) -> None:
        for item in items:
            arrival = item.arrival
            place = arrival.facts.place
            if place in self.summary.chunks:
                continue
            users, visitor = arrival.facts.users, (arrival.client.visitor_id,)
            if not (merge.has_room(self.users, users) and merge.has_room(self.visitors, visitor)):
                self._is_full = True
                continue
            self.summary.add(arrival.whole_facts)
            self.users.update(users)
            self.visitors.update(visitor)
            self.has_new = True
            if arrival.facts.error_count:
                self.new_errors.append(item)
            if self._first is None or place < self._first:
                self._client, self._first = arrival.client, place
