"""Tables and pending chunks at one moment, and a reader's handle on the lake.

Pending chunks are listed before the tables are read, so that a chunk that is compacted in between
is seen twice rather than never. Chunks that are in a session's file already are recognised by their
identity and counted once. All readers share the lock under which a snapshot is made, so that only
listing and reading new data happens there. Pending chunks are merged with the tables for one
website at a time (see `lake.reading.pending_sessions`).
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import polars as pl
import structlog

from lake.bounded_cache import BoundedCache
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
    """Tables and pending chunks of the lake at one moment."""

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
        self.match_cache = BoundedCache(settings.table_memory_bytes_max)
        self.error_cache = BoundedCache(
            _ERROR_CACHE_BYTES_MAX
        )  # of chunks that wait, by where they lie
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
        """Whether the current snapshot is older than `pending_refresh_ms`."""
        return not 0 <= self.now_ms() - self._snapshot_ms < self.settings.pending_refresh_ms

    def snapshot(self, *, newer: bool = False) -> LakeSnapshot:
        """Return a snapshot up to about 2 × `pending_refresh_ms` old; a new one if `newer`.

        Raises:
            StoreUnavailable: The store failed.
        """
        snapshot, age_ms = self._snapshot, self.now_ms() - self._snapshot_ms
        refresh_ms = self.settings.pending_refresh_ms
        if snapshot and not newer and 0 <= age_ms < 2 * refresh_ms:
            # One thread refreshes in the background; readers go on with the current snapshot.
            if age_ms >= refresh_ms and self._lock.acquire(blocking=False):
                self._refresher.submit(self._refresh_and_release)
            return snapshot
        with self._lock:
            if self._snapshot is not None and self._snapshot is not snapshot and not newer:
                return self._snapshot  # made while this thread waited
            return self._refresh()

    def _refresh_and_release(self) -> None:
        try:
            self._refresh()
        except LakeError as error:
            _log.warning(
                "view not refreshed", kind=error.kind
            )  # a reader that needs a newer one gets the error
        finally:
            self._lock.release()

    def _refresh(self) -> LakeSnapshot:
        """Make a new snapshot. The caller holds the lock."""
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
        """Return a snapshot and, as of it, a website's sessions with pending chunks.

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
        """Return the table's rows of sessions that are erased and not removed yet."""
        if not tombstones.waiting:
            self._hidden.pop(tombstones.website_id, None)  # removed data is not cached either
            return session_frame([])
        sessions = snapshot.tables["sessions"]
        cached = self._hidden.get(tombstones.website_id)
        if cached is None or cached[0] is not tombstones or cached[1] != sessions.version:
            with reading("sessions"):
                rows = rows_of(
                    sessions,
                    ((tombstones.website_id, session_id) for session_id in tombstones.waiting),
                )
            cached = (tombstones, sessions.version, rows.drop("part"))
            self._hidden[tombstones.website_id] = cached
        return cached[2]
