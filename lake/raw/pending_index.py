"""Level 0 in small: the chunks that wait to be compacted, without their payloads.

`read_pending` loads some segments, `PendingIndex` follows them all for a reader. Segments are
immutable, so that each is read once; a listing says which are new and which are gone.
"""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from lake import ids
from lake.errors import Damaged, ObjectMissing
from lake.raw import segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store

_READERS = 8  # requests in flight: reading is waiting


class PendingChunk(NamedTuple):
    """One chunk and where it lies: row `row` of the segment at `key`."""

    key: str
    row: int
    received_chunk: ReceivedChunk


class PendingSnapshot(NamedTuple):
    """Waiting chunks by website and session, oldest segment first, and unreadable segments."""

    websites: Mapping[str, Mapping[str, tuple[PendingChunk, ...]]]
    damaged: Mapping[str, str]

    @property
    def sessions(self) -> dict[tuple[str, str], tuple[PendingChunk, ...]]:
        """The same by (website, session), of all websites: costs their number."""
        return {
            (website_id, session_id): waiting
            for website_id, sessions in self.websites.items()
            for session_id, waiting in sessions.items()
        }


def day_of_segment(key: str) -> date | None:
    """Return the day partition of a segment, None for another object."""
    parsed = keys.parse_segment_key(key)
    return parsed[0] if parsed else None


def read_pending(
    store: Store, items: Iterable[ObjectInfo]
) -> dict[str, list[PendingChunk] | Damaged | None]:
    """Read the small columns of segments. None: it is gone, Damaged: it cannot be read."""
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(items)
        return dict(
            zip(
                [item.key for item in found],
                pool.map(lambda item: _read_one(store, item), found),
                strict=True,
            )
        )


def group_by_session(waiting: Iterable[PendingChunk]) -> dict[tuple[str, str], list[PendingChunk]]:
    """Group waiting chunks, their order kept. Those of an id without a day are nobody's session."""
    sessions: dict[tuple[str, str], list[PendingChunk]] = {}
    for item in waiting:
        key = (item.received_chunk.website_id, item.received_chunk.session_id)
        if not ids.is_uuid7(key[1]):
            continue
        sessions.setdefault(key, []).append(item)
    return sessions


class PendingIndex:
    """All waiting chunks of the lake, kept up to date by one LIST a refresh. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._segments: dict[str, list[PendingChunk] | Damaged] = {}
        self._pending = PendingSnapshot({}, {})

    def refresh(self) -> PendingSnapshot:
        """Look what came and went. Chunks acknowledged before the call are in the answer.

        Raises:
            StoreUnavailable: The store failed.
        """
        with self._lock:
            listed = [
                item for item in self._store.list(keys.RAW) if keys.parse_segment_key(item.key)
            ]
            new = [item for item in listed if item.key not in self._segments]
            names = {item.key for item in listed}
            gone = [key for key in self._segments if key not in names]
            if not new and not gone:
                return self._pending
            came = {
                key: got for key, got in read_pending(self._store, new).items() if got is not None
            }
            changed: set[tuple[str, str]] = set()
            for key in gone:
                changed |= _sessions_in(self._segments.pop(key))
            for got in came.values():
                changed |= _sessions_in(got)
            self._segments |= came
            self._pending = self._regrouped(changed, set(gone), came)
            return self._pending

    def _regrouped(
        self,
        changed: set[tuple[str, str]],
        gone: set[str],
        came: Mapping[str, list[PendingChunk] | Damaged],
    ) -> PendingSnapshot:
        """Make a new view; readers may still hold the old one.

        Costs what changed, and the number of websites.
        """
        websites = dict(self._pending.websites)
        added = group_by_session(
            item for got in came.values() if not isinstance(got, Damaged) for item in got
        )
        copied: dict[str, dict[str, tuple[PendingChunk, ...]]] = {}
        for website_id, session_id in changed:
            if website_id not in copied:
                copied[website_id] = dict(websites.get(website_id, {}))
            sessions = copied[website_id]
            now = _joined(sessions.get(session_id, ()), gone, added.get((website_id, session_id)))
            if now:
                sessions[session_id] = now
            else:
                sessions.pop(session_id, None)
        websites |= copied
        websites = {website_id: sessions for website_id, sessions in websites.items() if sessions}
        damaged = {k: str(got) for k, got in self._segments.items() if isinstance(got, Damaged)}
        return PendingSnapshot(websites, damaged)


def _joined(
    before: tuple[PendingChunk, ...], gone: set[str], added: list[PendingChunk] | None
) -> tuple[PendingChunk, ...]:
    """Return a session's chunks in order. What comes last, as a rule, costs its own size."""
    kept = tuple(item for item in before if item.key not in gone) if gone else before
    new = sorted(added or (), key=itemgetter(0, 1))
    if kept and new and new[0][:2] < kept[-1][:2]:
        return tuple(sorted([*kept, *new], key=itemgetter(0, 1)))
    return (*kept, *new)


def _sessions_in(got: "list[PendingChunk] | Damaged") -> set[tuple[str, str]]:
    if isinstance(got, Damaged):
        return set()
    return {(item.received_chunk.website_id, item.received_chunk.session_id) for item in got}


def _read_one(store: Store, item: ObjectInfo) -> list[PendingChunk] | Damaged | None:
    try:
        received_chunks = segment_file.read_index(store, item.key, item.size_bytes)
    except ObjectMissing:
        return None
    except Damaged as error:
        return error
    return [
        PendingChunk(item.key, row, received_chunk)
        for row, received_chunk in enumerate(received_chunks)
    ]
