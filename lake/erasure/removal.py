"""Removal of sessions: their rows, then their files, then their chunks in segments.

Legal holds are read before each step, so that a hold that is placed meanwhile keeps what is not
removed by then. Safe to run twice and beside writers: a writer that was overtaken by the removal of
rows starts over, and then sees the tombstones. Former files of the tables are deleted by
`lake.erasure.table_purge`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import msgspec
import polars as pl

from lake import failpoints
from lake.control import legal_holds as legal
from lake.erasure.ledger import HeldSession, RemovalCounts
from lake.errors import Damaged, FormatUnknown, ObjectMissing
from lake.ids import day_of
from lake.raw import pending_index
from lake.raw.segment_file import ReceivedChunk
from lake.raw.segment_rewriter import rewrite_without
from lake.retry import retried
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.storage.failures import Failures
from lake.storage.stored_days import days_under
from lake.tables.daily_summary import SUMMARY, part_of, summarise_day
from lake.tables.delta_table import Table
from lake.tables.schemas import DERIVED
from lake.tables.session_rows import files_of, remove

_KEYS_MAX = 2_000  # sessions looked for in one scan
_DAYS_MAX = 100  # looked at without asking first whether they have anything
_LISTED_MAX = 20  # sessions of a day that are listed one by one; beyond, the whole day is


@dataclass(kw_only=True)
class Removed:
    """Result of a removal: counts, and what had to be left.

    `counts` are of what is certainly deleted: a call that the store failed may have deleted more.
    `left` are texts for people. `held` are sessions under a legal hold, by id.
    """

    counts: RemovalCounts = RemovalCounts()  # noqa: RUF009 - immutable
    left: list[str] = field(default_factory=list)
    held: dict[str, HeldSession] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to remove."""
        return not (self.counts.row_count or self.counts.file_count or self.counts.chunk_count)

    def count(self, **more: int) -> None:
        """Add to the counts of these names."""
        self.counts = self.counts.plus(RemovalCounts(**more))


def remove_sessions(store: Store, website_id: str, sessions: Iterable[str], done: Removed) -> None:
    """Remove all of some sessions but what the tables' former files hold; count it in `done`.

    Raises:
        Conflict: Other writers were faster each time.
        Damaged, StoreUnavailable.
    """
    wanted = sorted(set(sessions))
    days: dict[date, set[str]] = {}
    for session_id in wanted:
        days.setdefault(day_of(session_id), set()).add(session_id)
    for name in ("sessions", *DERIVED):
        _remove_rows(store, name, website_id, wanted, done)
    failpoints.failpoint("erase-after-rows")
    failures = Failures()
    for day in _stored(store, days):
        with failures.of(f"{day}"):
            retried(partial(summarise_day, store, day))
            _remove_files(store, day, website_id, days[day], done)
            for prefix in (keys.raw_prefix(day), keys.quarantine_prefix(day)):
                _remove_chunks(store, list(store.list(prefix)), website_id, days[day], done)
    failures.raise_first()


def _stored(store: Store, days: Iterable[date]) -> list[date]:
    """Return those of the days that may have anything: a request may name ids of any day."""
    wanted = set(days)
    if len(wanted) > _DAYS_MAX:
        summarized = {file.part for file in Table(store, SUMMARY).snapshot().files}
        wanted = {day for day in wanted if part_of(day) in summarized} | {
            day
            for prefix in (keys.RAW, keys.SESSIONS, keys.QUARANTINE)
            for day in days_under(store, prefix)
            if day in wanted
        }
    return sorted(wanted)


def _not_held(store: Store, website_id: str, sessions: Iterable[str], done: Removed) -> set[str]:
    """Return those of the sessions that nothing holds now; `done` gets the others."""
    holds = legal.read_or_hold_all(store, website_id)
    free = set()
    for session_id in sessions:
        hold = holds.sessions.get(session_id) or holds.website
        if hold is None:
            free.add(session_id)
            continue
        done.held[session_id] = HeldSession(
            session_id=session_id,
            hold="session" if session_id in holds.sessions else "website",
            **msgspec.structs.asdict(hold),
        )
    return free


def _remove_rows(
    store: Store, name: str, website_id: str, sessions: list[str], done: Removed
) -> None:
    table = Table(store, name)
    for start in range(0, len(sessions), _KEYS_MAX):
        some = _not_held(store, website_id, sessions[start : start + _KEYS_MAX], done)
        retried(partial(_remove_some, table, website_id, sorted(some), done))


def _remove_some(table: Table, website_id: str, sessions: list[str], done: Removed) -> None:
    def count(rows: int) -> None:
        if table.name == "sessions":
            done.count(row_count=rows)

    unwanted = (pl.col("website_id") == website_id) & pl.col("session_id").is_in(sessions)
    snapshot = table.snapshot()
    files = files_of(snapshot, [(website_id, session) for session in sessions])
    remove(table, snapshot, files, unwanted, count=count)


def _remove_files(
    store: Store, day: date, website_id: str, sessions: set[str], done: Removed
) -> None:
    """Delete every generation of their session files, put aside or not."""
    sessions = _not_held(store, website_id, sessions, done)
    results = [
        *_files(store, keys.session_prefix(day, website_id), sessions),
        *_files(store, keys.quarantined_object_key(keys.session_prefix(day, website_id)), sessions),
    ]
    for half in (results[: len(results) // 2], results[len(results) // 2 :]):
        store.delete(item.key for item in half)
        file_bytes = sum(item.size_bytes for item in half)
        done.count(file_count=len(half), file_bytes=file_bytes)
        failpoints.failpoint("erase-mid-delete")


def _files(store: Store, folder: str, sessions: set[str]) -> Iterator[ObjectInfo]:
    if len(sessions) <= _LISTED_MAX:
        for session_id in sorted(sessions):
            yield from store.list(keys.session_generations_prefix(folder, session_id))
        return
    for item in store.list(folder):
        if keys.session_under(folder, item.key) in sessions:
            yield item


def _remove_chunks(
    store: Store, items: list[ObjectInfo], website_id: str, sessions: set[str], done: Removed
) -> None:
    """Write segments anew without the chunks of these sessions.

    What nobody can read may hold them: it goes, as nobody can ever tell what else it held. Unless
    there are legal holds: it may hold what those keep.
    """
    sessions = _not_held(store, website_id, sessions, done)

    def is_meant(received_chunk: ReceivedChunk) -> bool:
        return received_chunk.website_id == website_id and received_chunk.session_id in sessions

    def drop(key: str) -> None:
        if _is_anything_held(store):
            done.left.append(f"{key} cannot be read, and may hold what a legal hold keeps")
            return
        store.delete([key])
        done.count(unreadable_count=1)

    named = [item for item in items if keys.parse_segment_key(item.key)]
    for key, got in pending_index.read_pending(store, named).items():
        if isinstance(got, FormatUnknown):
            done.left.append(f"{key} is of a newer format")
        elif isinstance(got, Damaged):
            drop(key)
        elif got is not None:
            hits = sum(is_meant(waiting.received_chunk) for waiting in got)
            if not hits:
                continue
            try:
                rewrite_without(store, key, is_meant)
            except ObjectMissing:
                continue  # compacted meanwhile; the next pass sees what became of it
            except Damaged:
                drop(key)
            done.count(chunk_count=hits)


def _is_anything_held(store: Store) -> bool:
    result = legal.read_all(store).values()
    return any(isinstance(item, Damaged) or item.website or item.sessions for item in result)
