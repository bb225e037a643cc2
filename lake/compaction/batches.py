"""A day's pending chunks in bounded portions: windows of segments, slices and batches of sessions.

The chunks of a session are scattered over the segments of its minutes. Segments are therefore read
twice. The first pass covers many segments at a time (a window) and keeps only which session has how
many chunks where. The second pass fetches the chunks of some whole sessions (a slice). A window
with few chunks is read once. A batch is a part of a slice that one commit can take.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lake.errors import Damaged
from lake.raw import pending_index
from lake.raw.pending_index import PendingChunk
from lake.storage.base import ObjectInfo, Store
from lake.tables.session_rows import SessionKey

ChunkSlice = dict[str, list[PendingChunk] | Damaged]  # by segment key
Batch = dict[SessionKey, list[PendingChunk]]

# Limits of one read of several segments' index columns. A segment of tiny chunks holds tens of
# thousands of them, so bytes are limited too.
_READ_SEGMENTS_MAX = 16
_READ_BYTES_MAX = 16 * 1024 * 1024
_WINDOW_FACTOR = 10  # chunks of a window per chunk held at once; each leaves a few bytes
_BATCH_SESSIONS_MAX = 2_000  # rows of one commit: bounds memory


@dataclass
class PendingStats:
    """Pending chunks of one session: their number, and receipt times, µs since the Unix epoch."""

    count: int
    oldest_us: int
    latest_us: int


@dataclass
class SegmentWindow:
    """Some segments.

    `items` and `damaged` are by segment key. `owners` counts the chunks of each session in each
    segment. `chunks` are all chunks of the window, None if they are too many to hold.
    """

    items: dict[str, ObjectInfo] = field(default_factory=dict)
    owners: dict[str, dict[SessionKey, int]] = field(default_factory=dict)
    sessions: dict[SessionKey, PendingStats] = field(default_factory=dict)
    damaged: dict[str, Damaged] = field(default_factory=dict)
    chunks: ChunkSlice | None = field(default_factory=dict)

    def add(self, item: ObjectInfo, pending: list[PendingChunk]) -> None:
        """Count the chunks of one segment."""
        self.items[item.key] = item
        owners = self.owners[item.key] = {}
        for chunk in pending:
            key = _session_of(chunk)
            at_us = chunk.received_chunk.received_at
            stats = self.sessions.get(key)
            if stats is None:
                self.sessions[key] = PendingStats(1, at_us, at_us)
            else:
                stats.count += 1
                stats.oldest_us = min(stats.oldest_us, at_us)
                stats.latest_us = max(stats.latest_us, at_us)
            owners[key] = owners.get(key, 0) + 1


def segment_windows(
    store: Store, listing: Iterable[ObjectInfo], chunks_max: int
) -> Iterator[SegmentWindow]:
    """Yield the segments of a listing, oldest first.

    Args:
        chunks_max: Chunks to hold at once, about.

    Raises:
        StoreUnavailable.
    """
    window, count = SegmentWindow(), 0
    for group in _read_groups(listing):
        items = {item.key: item for item in group}
        for key, got in pending_index.read_pending(store, group).items():
            if isinstance(got, Damaged):
                window.damaged[key] = got
            elif got is not None:
                window.add(items[key], got)
                count += len(got)
                if window.chunks is not None:
                    window.chunks[key] = got
                if count > chunks_max:
                    window.chunks = None
            if count >= chunks_max * _WINDOW_FACTOR:
                yield window
                window, count = SegmentWindow(), 0
    if window.items or window.damaged:
        yield window


def chunk_slices(
    store: Store, window: SegmentWindow, wanted: Iterable[SessionKey], chunks_max: int
) -> Iterator[ChunkSlice]:
    """Yield all chunks of some sessions, whole sessions at a time, in order of their start.

    Args:
        chunks_max: Chunks to hold at once, about.

    Raises:
        StoreUnavailable.
    """
    if window.chunks is not None:
        yield _of_sessions(window.chunks, set(wanted))
        return
    sessions: set[SessionKey] = set()
    count = 0
    for key in sorted(wanted, key=lambda key: key[::-1]):
        sessions.add(key)
        count += window.sessions[key].count
        if count >= chunks_max:
            yield _read(store, window, sessions)
            sessions, count = set(), 0
    if sessions:
        yield _read(store, window, sessions)


def session_batches(by_session: Batch, payload_bytes_max: int) -> Iterator[Batch]:
    """Yield sessions in order of their start, so that a batch touches few hours.

    Args:
        payload_bytes_max: Payloads of one batch, about.
    """
    batch: Batch = {}
    size_bytes = 0
    for key in sorted(by_session, key=lambda key: key[::-1]):
        batch[key] = by_session[key]
        size_bytes += sum(chunk.received_chunk.payload_bytes for chunk in by_session[key])
        if len(batch) >= _BATCH_SESSIONS_MAX or size_bytes >= payload_bytes_max:
            yield batch
            batch, size_bytes = {}, 0
    if batch:
        yield batch


def _read(store: Store, window: SegmentWindow, sessions: set[SessionKey]) -> ChunkSlice:
    chunks: ChunkSlice = {}
    items = (
        item for key, item in window.items.items() if not sessions.isdisjoint(window.owners[key])
    )
    for group in _read_groups(items):
        read = pending_index.read_pending(store, group)
        present = {key: got for key, got in read.items() if got is not None}
        chunks |= _of_sessions(present, sessions)
    return chunks


def _of_sessions(chunks: ChunkSlice, sessions: set[SessionKey]) -> ChunkSlice:
    return {
        key: got
        if isinstance(got, Damaged)
        else [chunk for chunk in got if _session_of(chunk) in sessions]
        for key, got in chunks.items()
    }


def _session_of(chunk: PendingChunk) -> SessionKey:
    return chunk.received_chunk.website_id, chunk.received_chunk.session_id


def _read_groups(listing: Iterable[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    group: list[ObjectInfo] = []
    size_bytes = 0
    for item in listing:
        group.append(item)
        size_bytes += item.size_bytes
        if len(group) == _READ_SEGMENTS_MAX or size_bytes >= _READ_BYTES_MAX:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group
