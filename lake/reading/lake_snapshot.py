"""Both levels of the lake as one, for readers: the tables, and the chunks that still wait.

A `LakeSnapshot` is a moment of the lake. Waiting chunks are listed before the tables are read, so
that what is compacted in between is seen twice rather than never; chunks that are in a session's
file already are then known by identity and counted once. The lock under which a view is made is
everybody's, so that only listing and reading what is new happens there; what waits is merged with
the tables a website at a time (see `lake.reading.pending_sessions`).
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import polars as pl
import structlog

from lake.bounded_cache import Kept
from lake.control import tombstones
from lake.control.tombstones import Tombstones
from lake.errors import LakeError
from lake.raw.pending_index import PendingIndex, PendingSnapshot
from lake.reading import pending_sessions
from lake.reading.match_cache import evict_removed_files
from lake.reading.pending_sessions import PendingSessions, WebsiteMerge, session_frame
from lake.settings import Settings
from lake.source_maps.symbolicate import SourceMaps
from lake.storage.base import Store
from lake.tables.delta_table import Snapshot, Table, reading
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import rows_of

_ERROR_CACHE_BYTES_MAX = 32 * 1024 * 1024
_log = structlog.get_logger(__name__)


class LakeSnapshot(NamedTuple):
    """The lake at a moment."""

    tables: Mapping[str, Snapshot]
    pending: PendingSnapshot


class Lake:
    """A reader's handle on a lake; thread-safe.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
    """

    def __init__(self, store: Store, settings: Settings, now_ms: Callable[[], int]) -> None:
        self.store = store
        self.settings = settings
        self.now_ms = now_ms
        self.match_cache = Kept(settings.table_memory_bytes_max)
        self.error_cache = Kept(_ERROR_CACHE_BYTES_MAX)  # of chunks that wait, by where they lie
        self.source_maps = SourceMaps(store, now_ms, int(settings.control_cache_s * 1000))
        self.tombstones = tombstones.TombstoneCache(store)
        self._lock = threading.Lock()
        self._index = PendingIndex(store)
        self._tables = {name: Table(store, name) for name in BY_SESSION}
        self._readers = ThreadPoolExecutor(len(BY_SESSION), "tables")
        self._refresher = ThreadPoolExecutor(1, "view")
        self._hidden: dict[str, tuple[Tombstones, int, pl.DataFrame]] = {}
        self._merges: dict[str, WebsiteMerge] = {}
        self._merges_lock = threading.Lock()
        self._snapshot: LakeSnapshot | None = None
        self._snapshot_ms = 0

    @property
    def is_stale(self) -> bool:
        """Whether the view that readers get is older than `pending_refresh_ms`."""
        return not 0 <= self.now_ms() - self._snapshot_ms < self.settings.pending_refresh_ms

    def snapshot(self, *, newer: bool = False) -> LakeSnapshot:
        """Return the lake as it was about `pending_refresh_ms` ago; as it is now if `newer`.

        Raises:
            StoreUnavailable: The store failed.
        """
        snapshot, age_ms = self._snapshot, self.now_ms() - self._snapshot_ms
        refresh_ms = self.settings.pending_refresh_ms
        if snapshot and not newer and 0 <= age_ms < 2 * refresh_ms:
            # What came of other websites costs nobody his time as long as this is fair.
            if age_ms >= refresh_ms and self._lock.acquire(blocking=False):
                self._refresher.submit(self._refresh_and_release)
            return snapshot
        with self._lock:
            if self._snapshot is not None and self._snapshot is not snapshot and not newer:
                return self._snapshot  # looked up while this thread waited
            return self._refresh()

    def _refresh_and_release(self) -> None:
        try:
            self._refresh()
        except LakeError as error:
            _log.warning("view not refreshed", kind=error.kind)  # who needs a newer one fails
        finally:
            self._lock.release()

    def _refresh(self) -> LakeSnapshot:
        """Look at the lake. The caller holds the lock."""
        now_ms = self.now_ms()
        pending = self._index.refresh()
        snapshots = self._readers.map(lambda name: self._tables[name].snapshot(), BY_SESSION)
        tables = dict(zip(BY_SESSION, snapshots, strict=True))
        before = self._snapshot
        if before is None or pending is not before.pending or tables != before.tables:
            self._snapshot = LakeSnapshot(tables, pending)
            with self._merges_lock:
                for website_id in self._merges.keys() - pending.websites.keys():
                    del self._merges[website_id]
            if before is not None and before.tables["sessions"] != tables["sessions"]:
                evict_removed_files(self.match_cache, tables["sessions"])
        self._snapshot_ms = now_ms
        assert self._snapshot is not None
        return self._snapshot

    def snapshot_with_sessions(
        self, website_id: str, *, newer: bool = False
    ) -> tuple[LakeSnapshot, PendingSessions]:
        """Return a view and, as of it, a website's sessions with waiting chunks.

        Only readers of the same website wait for each other.

        Raises:
            Damaged, StoreUnavailable.
        """
        snapshot = self.snapshot(newer=newer)
        if website_id not in snapshot.pending.websites:
            return snapshot, pending_sessions.NO_SESSIONS
        with self._merges_lock:
            website = self._merges.setdefault(website_id, WebsiteMerge(self.store, website_id))
        with website.lock:
            snapshot = self.snapshot()  # no older than the one that was merged last
            chunks = snapshot.pending.websites.get(website_id, {})
            return snapshot, website.merged(chunks, snapshot.tables)

    def erased_rows(self, snapshot: LakeSnapshot, tombstones: Tombstones) -> pl.DataFrame:
        """Return the table's rows of sessions that are erased and still there."""
        if not tombstones.waiting:
            self._hidden.pop(tombstones.website_id, None)  # what is gone is not remembered either
            return session_frame([])
        sessions = snapshot.tables["sessions"]
        known = self._hidden.get(tombstones.website_id)
        if known is None or known[0] is not tombstones or known[1] != sessions.version:
            with reading("sessions"):
                rows = rows_of(
                    sessions, ((tombstones.website_id, one) for one in tombstones.waiting)
                )
            known = (tombstones, sessions.version, rows.drop("part"))
            self._hidden[tombstones.website_id] = known
        return known[2]
