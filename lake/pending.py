"""Level 0 in small: the chunks that wait to be compacted, without their payloads.

`read` loads some segments, `PendingIndex` follows them all for a reader. Segments are immutable,
so that each is read once; a listing says which are new and which are gone.
"""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import NamedTuple

from lake import keys, segments
from lake.errors import Damaged, ObjectMissing
from lake.segments import Arrival
from lake.store import ObjectInfo, Store

_READERS = 8  # requests in flight: reading is waiting


class Waiting(NamedTuple):
    """One chunk and where it lies: row `row` of the segment at `key`."""

    key: str
    row: int
    arrival: Arrival


class Pending(NamedTuple):
    """Waiting chunks by (website, session), oldest segment first, and unreadable segments."""

    sessions: Mapping[tuple[str, str], tuple[Waiting, ...]]
    damaged: Mapping[str, str]


def day_of_segment(key: str) -> date | None:
    """Return the day partition of a segment, None for another object."""
    parsed = keys.parse_segment_key(key)
    return parsed[0] if parsed else None


def read(store: Store, items: Iterable[ObjectInfo]) -> dict[str, list[Waiting] | Damaged | None]:
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


def by_session(waiting: Iterable[Waiting]) -> dict[tuple[str, str], list[Waiting]]:
    """Group waiting chunks, their order kept."""
    sessions: dict[tuple[str, str], list[Waiting]] = {}
    for item in waiting:
        key = (item.arrival.website_id, item.arrival.session_id)
        sessions.setdefault(key, []).append(item)
    return sessions


class PendingIndex:
    """All waiting chunks of the lake, kept up to date by one LIST a refresh. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._segments: dict[str, list[Waiting] | Damaged] = {}
        self._pending = Pending({}, {})

    def refresh(self) -> Pending:
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
            came = {key: got for key, got in read(self._store, new).items() if got is not None}
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
        came: Mapping[str, list[Waiting] | Damaged],
    ) -> Pending:
        """Make a new view; readers may still hold the old one."""
        sessions = dict(self._pending.sessions)
        added = by_session(
            item for got in came.values() if not isinstance(got, Damaged) for item in got
        )
        for key in changed:
            kept = [item for item in sessions.get(key, ()) if item.key not in gone]
            now = sorted([*kept, *added.get(key, [])], key=lambda item: item[:2])
            if now:
                sessions[key] = tuple(now)
            else:
                sessions.pop(key, None)
        damaged = {k: str(got) for k, got in self._segments.items() if isinstance(got, Damaged)}
        return Pending(sessions, damaged)


def _sessions_in(got: "list[Waiting] | Damaged") -> set[tuple[str, str]]:
    if isinstance(got, Damaged):
        return set()
    return {(item.arrival.website_id, item.arrival.session_id) for item in got}


def _read_one(store: Store, item: ObjectInfo) -> list[Waiting] | Damaged | None:
    try:
        arrivals = segments.decode_small(store, item.key, item.size_bytes)
    except ObjectMissing:
        return None
    except Damaged as error:
        return error
    return [Waiting(item.key, row, arrival) for row, arrival in enumerate(arrivals)]
