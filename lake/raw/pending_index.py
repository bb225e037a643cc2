"""Index of the chunks that wait for compaction, without their payloads.

`read_pending` reads some segments; `PendingIndex` follows all of them for a reader. Segments are
immutable, so that each is read once; a listing shows which are new and which were deleted.
"""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from lake import ids
from lake.errors import Damaged, ObjectMissing
from lake.raw import segment_index
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store

_READERS = 8  # requests in flight


class PendingChunk(NamedTuple):
    """One chunk and its place in the lake: row `row` of the segment at `key`."""

    key: str
    row: int
    received_chunk: ReceivedChunk


class PendingSnapshot(NamedTuple):
    """Pending chunks by website and session, oldest segment first, and unreadable segments.

    `damaged` maps the key of an unreadable segment to the reason.
    """

    websites: Mapping[str, Mapping[str, tuple[PendingChunk, ...]]]
    damaged: Mapping[str, str]

    @property
    def sessions(self) -> dict[tuple[str, str], tuple[PendingChunk, ...]]:
        """All chunks by (website, session); built at each call."""
        return {
            (website_id, session_id): pending
            for website_id, sessions in self.websites.items()
            for session_id, pending in sessions.items()
        }


_Segment = list[PendingChunk] | Damaged  # the chunks, or why they cannot be read


def day_of_segment(key: str) -> date | None:
    """Return the day partition of a segment, None for another object."""
    parsed = keys.parse_segment_key(key)
    return parsed[0] if parsed else None


def read_pending(
    store: Store, items: Iterable[ObjectInfo]
) -> dict[str, list[PendingChunk] | Damaged | None]:
    """Read the index columns of segments, by key.

    Returns:
        The chunks of each segment; Damaged for one that cannot be read, None for a deleted one.

    Raises:
        StoreUnavailable: The store failed.
    """
    listed = list(items)
    with ThreadPoolExecutor(_READERS) as pool:
        segments = pool.map(lambda item: _read_segment(store, item), listed)
        return dict(zip([item.key for item in listed], segments, strict=True))


def group_by_session(
    pending: Iterable[PendingChunk],
) -> dict[tuple[str, str], list[PendingChunk]]:
    """Group chunks by (website, session), in their order.

    A chunk whose session id has no day belongs to no session and is left out.
    """
    sessions: dict[tuple[str, str], list[PendingChunk]] = {}
    for item in pending:
        key = (item.received_chunk.website_id, item.received_chunk.session_id)
        if ids.is_uuid7(key[1]):
            sessions.setdefault(key, []).append(item)
    return sessions


class PendingIndex:
    """All pending chunks of the lake, kept up to date by one LIST a refresh. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._segments: dict[str, _Segment] = {}
        self._snapshot = PendingSnapshot({}, {})

    def refresh(self) -> PendingSnapshot:
        """List the segments and read the new ones.

        Every chunk that was acknowledged before the call is in the snapshot.

        Raises:
            StoreUnavailable: The store failed.
        """
        with self._lock:
            listed = [
                item for item in self._store.list(keys.RAW) if keys.parse_segment_key(item.key)
            ]
            new = [item for item in listed if item.key not in self._segments]
            listed_keys = {item.key for item in listed}
            deleted = {key for key in self._segments if key not in listed_keys}
            if not new and not deleted:
                return self._snapshot
            added = {
                key: segment
                for key, segment in read_pending(self._store, new).items()
                if segment is not None
            }
            changed: set[tuple[str, str]] = set()
            for key in deleted:
                changed |= _sessions_in(self._segments.pop(key))
            for segment in added.values():
                changed |= _sessions_in(segment)
            self._segments |= added
            self._snapshot = self._next_snapshot(changed, deleted, added)
            return self._snapshot

    def _next_snapshot(
        self, changed: set[tuple[str, str]], deleted: set[str], added: Mapping[str, _Segment]
    ) -> PendingSnapshot:
        """Build a snapshot with some sessions changed; readers may still hold the last one.

        Costs the chunks of the changed sessions, and the number of websites.
        """
        websites = dict(self._snapshot.websites)
        new_chunks = group_by_session(
            item
            for segment in added.values()
            if not isinstance(segment, Damaged)
            for item in segment
        )
        copied: dict[str, dict[str, tuple[PendingChunk, ...]]] = {}
        for website_id, session_id in changed:
            if website_id not in copied:
                copied[website_id] = dict(websites.get(website_id, {}))
            sessions = copied[website_id]
            pending = _merged(
                sessions.get(session_id, ()), deleted, new_chunks.get((website_id, session_id))
            )
            if pending:
                sessions[session_id] = pending
            else:
                sessions.pop(session_id, None)
        websites |= copied
        websites = {website_id: sessions for website_id, sessions in websites.items() if sessions}
        damaged = {
            key: str(segment)
            for key, segment in self._segments.items()
            if isinstance(segment, Damaged)
        }
        return PendingSnapshot(websites, damaged)


def _merged(
    before: tuple[PendingChunk, ...], deleted: set[str], added: list[PendingChunk] | None
) -> tuple[PendingChunk, ...]:
    """Return a session's chunks in order, without a sort of all if the added ones are newest."""
    rest = tuple(item for item in before if item.key not in deleted) if deleted else before
    new = sorted(added or (), key=itemgetter(0, 1))
    if rest and new and new[0][:2] < rest[-1][:2]:
        return tuple(sorted([*rest, *new], key=itemgetter(0, 1)))
    return (*rest, *new)


def _sessions_in(segment: _Segment) -> set[tuple[str, str]]:
    if isinstance(segment, Damaged):
        return set()
    return {(item.received_chunk.website_id, item.received_chunk.session_id) for item in segment}


def _read_segment(store: Store, item: ObjectInfo) -> _Segment | None:
    try:
        received_chunks = segment_index.read_index(store, item.key, item.size_bytes)
    except ObjectMissing:
        return None
    except Damaged as error:
        return error
    return [PendingChunk(item.key, row, chunk) for row, chunk in enumerate(received_chunks)]
