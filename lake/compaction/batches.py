"""Which sessions the segments of a day hold, and those sessions' chunks, a bounded number at once.

A session's chunks lie scattered over the segments of its minutes. So segments are looked at
twice: once to learn who has chunks where and since when, many segments at a time, since little is
kept of each; then again for the chunks of some sessions. Few segments are looked at once only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lake.errors import Damaged
from lake.raw import pending_index
from lake.raw.pending_index import PendingChunk
from lake.storage.base import ObjectInfo, Store
from lake.tables.session_rows import SessionKey

ChunkSlice = dict[str, list[PendingChunk] | Damaged]

# Segments whose small columns are read together, at most, and of what size at least one: a
# segment of tiny chunks holds tens of thousands of them.
_BATCH_SEGMENTS_MAX = 16
_BATCH_BYTES_MAX = 16 * 1024 * 1024
_WINDOW_FACTOR = 10  # times as many chunks as are held at once; each leaves a few bytes


@dataclass
class PendingStats:
    """What waits of one session: how many chunks, and when they came, µs since the epoch."""

    count: int
    oldest_us: int
    latest_us: int


@dataclass
class SegmentWindow:
    """Some segments: who has how many chunks in each, and `part`, the chunks if they are few."""

    items: dict[str, ObjectInfo] = field(default_factory=dict)
    owners: dict[str, dict[SessionKey, int]] = field(default_factory=dict)
    sessions: dict[SessionKey, PendingStats] = field(default_factory=dict)
    damaged: dict[str, Damaged] = field(default_factory=dict)
    part: ChunkSlice | None = field(default_factory=dict)

    def add(self, item: ObjectInfo, waiting: list[PendingChunk]) -> None:
        """Look at one segment."""
        self.items[item.key] = item
        owners = self.owners[item.key] = {}
        for one in waiting:
            key = (one.received_chunk.website_id, one.received_chunk.session_id)
            at_us = one.received_chunk.received_at
            seen = self.sessions.get(key)
            if seen is None:
                self.sessions[key] = PendingStats(1, at_us, at_us)
            else:
                seen.count += 1
                seen.oldest_us = min(seen.oldest_us, at_us)
                seen.latest_us = max(seen.latest_us, at_us)
            owners[key] = owners.get(key, 0) + 1


def segment_windows(
    store: Store, listing: Iterable[ObjectInfo], chunks_max: int
) -> Iterator[SegmentWindow]:
    """Yield the segments of a listing, oldest first. `part` holds at most about `chunks_max`."""
    window, count = SegmentWindow(), 0
    for batch in _batches(listing):
        items = {item.key: item for item in batch}
        for key, got in pending_index.read_pending(store, batch).items():
            if isinstance(got, Damaged):
                window.damaged[key] = got
            elif got is not None:
                window.add(items[key], got)
                count += len(got)
                if window.part is not None:
                    window.part[key] = got
                if count > chunks_max:
                    window.part = None
            if count >= chunks_max * _WINDOW_FACTOR:
                yield window
                window, count = SegmentWindow(), 0
    if window.items or window.damaged:
        yield window


def chunk_slices(
    store: Store, window: SegmentWindow, wanted: Iterable[SessionKey], chunks_max: int
) -> Iterator[ChunkSlice]:
    """Yield all chunks of some sessions, whole sessions at a time, in order of their start."""
    if window.part is not None:
        yield _of_sessions(window.part, set(wanted))
        return
    group: set[SessionKey] = set()
    count = 0
    for key in sorted(wanted, key=lambda key: key[::-1]):
        group.add(key)
        count += window.sessions[key].count
        if count >= chunks_max:
            yield _read(store, window, group)
            group, count = set(), 0
    if group:
        yield _read(store, window, group)


def _read(store: Store, window: SegmentWindow, group: set[SessionKey]) -> ChunkSlice:
    part: ChunkSlice = {}
    items = (item for key, item in window.items.items() if not group.isdisjoint(window.owners[key]))
    for batch in _batches(items):
        found = {
            key: got
            for key, got in pending_index.read_pending(store, batch).items()
            if got is not None
        }
        part |= _of_sessions(found, group)
    return part


def _of_sessions(part: ChunkSlice, group: set[SessionKey]) -> ChunkSlice:
    return {
        key: got
        if isinstance(got, Damaged)
        else [
            one
            for one in got
            if (one.received_chunk.website_id, one.received_chunk.session_id) in group
        ]
        for key, got in part.items()
    }


def _batches(listing: Iterable[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    batch: list[ObjectInfo] = []
    size = 0
    for item in listing:
        batch.append(item)
        size += item.size_bytes
        if len(batch) == _BATCH_SEGMENTS_MAX or size >= _BATCH_BYTES_MAX:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
