"""Both levels of the lake as one, for readers: the tables, and the chunks that still wait.

A `View` is a moment of the lake. Waiting chunks are listed before the tables are read, so that
what is compacted in between is seen twice rather than never; chunks that are in a session's file
already are then known by identity and counted once.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import polars as pl

from lake import erased, facts, merge
from lake.compaction.known import Known, known_of
from lake.erased import Erased
from lake.kept import Kept
from lake.matching import forget
from lake.merge import Union
from lake.pending import Pending, PendingIndex, Waiting
from lake.settings import Settings
from lake.source_maps.applying import SourceMaps
from lake.store import Store
from lake.tables import rows
from lake.tables.rows import Row
from lake.tables.schemas import BY_SESSION, SCORE_COLUMNS
from lake.tables.sessions import Key, rows_of
from lake.tables.table import POLARS, Snapshot, Table, reading

_KEPT_ERRORS_BYTES_MAX = 32 * 1024 * 1024

_SCHEMA = {name: kind for name, kind in POLARS["sessions"].items() if name != "part"}


class Fresh(NamedTuple):
    """A session with waiting chunks. `known` is what the tables have of it."""

    known: Known | None
    union: Union
    row: Row
    waiting: tuple[Waiting, ...]


class View(NamedTuple):
    """The lake at a moment. `fresh_rows` are in the columns of `sessions`."""

    tables: Mapping[str, Snapshot]
    fresh: Mapping[Key, Fresh]
    fresh_rows: pl.DataFrame
    replaced_rows: pl.DataFrame  # the table's rows of the fresh sessions


class Lake:
    """A reader's handle on a lake; thread-safe.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
    """

    def __init__(self, store: Store, settings: Settings, now_ms: Callable[[], int]) -> None:
        self.store = store
        self.settings = settings
        self.now_ms = now_ms
        self.kept = Kept(settings.table_memory_bytes_max)
        self.kept_errors = Kept(_KEPT_ERRORS_BYTES_MAX)  # of chunks that wait, by where they lie
        self.source_maps = SourceMaps(store, now_ms, int(settings.control_cache_s * 1000))
        self.erased = erased.Memory(store)
        self._lock = threading.Lock()
        self._index = PendingIndex(store)
        self._tables = {name: Table(store, name) for name in BY_SESSION}
        self._readers = ThreadPoolExecutor(len(BY_SESSION), "tables")
        self._pending: Pending | None = None
        self._hidden: dict[str, tuple[Erased, int, pl.DataFrame]] = {}
        self._view: View | None = None
        self._viewed_ms = 0

    def view(self, *, newer: bool = False) -> View:
        """Return the lake as it was about `pending_refresh_ms` ago; as it is now if `newer`.

        Raises:
            StoreUnavailable: The store failed.
        """
        view, age_ms = self._view, self.now_ms() - self._viewed_ms
        refresh_ms = self.settings.pending_refresh_ms
        if view and not newer and 0 <= age_ms < refresh_ms:
            return view
        # One thread looks; the others need not wait for it as long as what they have is fair.
        is_fair = view is not None and not newer and 0 <= age_ms < 2 * refresh_ms
        if not self._lock.acquire(blocking=not is_fair):
            assert view is not None
            return view
        try:
            if self._view is not view and not newer:
                assert self._view is not None
                return self._view  # looked up while this thread waited
            now_ms = self.now_ms()
            pending = self._index.refresh()
            snapshots = self._readers.map(lambda name: self._tables[name].snapshot(), BY_SESSION)
            tables = dict(zip(BY_SESSION, snapshots, strict=True))
            self._view = self._merged(pending, tables)
            self._pending = pending
            self._viewed_ms = now_ms
            return self._view
        finally:
            self._lock.release()

    def hidden_rows(self, view: View, gone: Erased) -> pl.DataFrame:
        """Return the table's rows of sessions that are erased and still there."""
        if not gone.waiting:
            self._hidden.pop(gone.website_id, None)  # what is gone is not remembered either
            return frame_of([])
        sessions = view.tables["sessions"]
        known = self._hidden.get(gone.website_id)
        if known is None or known[0] is not gone or known[1] != sessions.version:
            with reading("sessions"):
                rows = rows_of(sessions, ((gone.website_id, one) for one in gone.waiting))
            known = (gone, sessions.version, rows.drop("part"))
            self._hidden[gone.website_id] = known
        return known[2]

    def _merged(self, pending: Pending, tables: dict[str, Snapshot]) -> View:
        before = self._view
        is_same_table = before is not None and all(
            tables[name].version == before.tables[name].version for name in BY_SESSION
        )
        if before is not None and is_same_table and pending is self._pending:
            return before
        if not is_same_table:
            forget(self.kept, tables["sessions"])
        old = before.fresh if before is not None else {}
        new_keys = [key for key in pending.sessions if not is_same_table or key not in old]
        with reading("sessions"):
            known = known_of(self.store, tables["sessions"], tables["session_files"], new_keys)
        fresh = {}
        for key, waiting in pending.sessions.items():
            mine = old.get(key)
            if mine is not None and is_same_table:
                if mine.waiting is not waiting:
                    mine = _fresh(key, mine.known, waiting)
            else:
                mine = _fresh(key, known.get(key), waiting)
            fresh[key] = mine
        return View(
            tables,
            fresh,
            frame_of([f.row for f in fresh.values()]),
            frame_of([f.known.row for f in fresh.values() if f.known]),
        )


def frame_of(found: Sequence[Row]) -> pl.DataFrame:
    """Return rows of `sessions` as a frame, without `part`."""
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


def row_of(key: Key, known: Known | None, union: Union) -> Row:
    """Return a session's row with what waits of it; its scores are of its last compaction."""
    if known is not None and not union.new:
        return dict(known.row)
    summary = facts.fold(*key, union.chunks, union.client)
    row = rows.session_row(
        summary, None, visitor_ids=union.visitor_ids, file_bytes=0, file_sha256=""
    )
    if known is not None:
        row |= {name: known.row[name] for name in SCORE_COLUMNS}
        row["user_ids"] = list(dict.fromkeys((*rows.users_of(known.row), *row["user_ids"])))
    return row


def _fresh(key: Key, known: Known | None, waiting: tuple[Waiting, ...]) -> Fresh:
    union = merge.unite(
        known.chunks if known else (),
        known.client if known else None,
        (item.arrival for item in waiting),
        known.visitor_ids if known else (),
    )
    row = row_of(key, known, union)
    row.pop("part", None)
    return Fresh(known, union, row, waiting)
