"""A reader while the lake changes under it: nothing acknowledged is missed, nothing comes twice."""

import json
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from lake.compaction import compact_day
from lake.errors import Conflict
from lake.reading.lake_snapshot import Lake
from lake.reading.replay import replay
from lake.reading.session_detail import session_detail
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.settings import Settings
from lake.storage.base import ObjectInfo, Store
from lake.tables.delta_table import Snapshot, Table
from lake.tables.schemas import SCORE_COLUMNS
from tests.query_api.recorded import NOW_MS, Clock, Event, Lakeful, moves, page

pytestmark = pytest.mark.folder  # the store makes no difference here

_STEPS_MAX = 200


class Watched:
    """A store that calls `before_step` before each of a reader's steps."""

    def __init__(self, store: Store, before_step: Callable[[], None]) -> None:
        self._store = store
        self._before_step = before_step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: str) -> bytes:
        self._before_step()
        return self._store.get(key)

    def get_range(self, key: str, start: int, end: int) -> bytes:
        self._before_step()
        return self._store.get_range(key, start, end)

    def get_tail(self, key: str, size_bytes: int) -> bytes:
        self._before_step()
        return self._store.get_tail(key, size_bytes)

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        self._before_step()
        yield from self._store.list(prefix, start_after=start_after)
        self._before_step()


def events_of(lake: Lake, lakeful: Lakeful, session_id: str) -> list[Event]:
    replayed = replay(lake, lakeful.website, session_id)
    text = b"".join(piece.text() for piece in replayed.pieces)
    events = [json.loads(line) for line in text.splitlines()]
    assert len(events) == replayed.event_count
    return events


@pytest.mark.sample(1)
@pytest.mark.parametrize("is_known_before", [False, True], ids=["first look", "later look"])
@pytest.mark.fault(47)
def test_a_compaction_at_any_step_of_a_request_changes_no_answer(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, is_known_before: bool
) -> None:
    """Fault 47, and invariants I1 and I3 for readers: forced at each step, first and late chunks.

    A step is a request to the store or a look at a table.
    """
    events = [*page(NOW_MS), *moves(NOW_MS + 10, 60)]
    website = lakeful.website
    requested: dict[str, Callable[[Lake, str], object]] = {
        "list": lambda lake, _: [
            (row["session_id"], row["event_count"], row["duration_ms"])
            for row in list_sessions(lake, website, SessionQuery()).rows
        ],
        "total": lambda lake, _: list_sessions(lake, website, SessionQuery(min_pages=1)).total,
        "sorted": lambda lake, _: [
            row["session_id"]
            for row in list_sessions(lake, website, SessionQuery(sort="errors")).rows
        ],
        "replay": lambda lake, session_id: events_of(lake, lakeful, session_id),
        "detail": lambda lake, session_id: _plain(session_detail(lake, website, session_id)),
    }
    steps_left = [-1]

    def before_step() -> None:
        steps_left[0] -= 1
        if steps_left[0] == 0:
            compact_day(lakeful.store, lakeful.settings, session.day, now_ms=lakeful.clock.ms)

    look = Table.snapshot

    def snapshot(table: Table) -> Snapshot:
        if steps_left[0] > 0:  # a reader's, not the compactor's
            before_step()
        return look(table)

    monkeypatch.setattr(Table, "snapshot", snapshot)
    store: Any = Watched(lakeful.store, before_step)
    for name, request in requested.items():
        for step in count(1):
            session = lakeful.session(began_ms=NOW_MS - step)
            chunks = session.chunks(events, size=10)
            lakeful.append(chunks[1::2])
            lake = Lake(store, lakeful.settings, lakeful.clock)
            for received_chunks in (chunks[1::2], chunks[::2]):  # the second time: late ones
                if received_chunks is not chunks[1::2]:
                    lakeful.append(received_chunks)
                plain = Lake(lakeful.store, lakeful.settings, lakeful.clock)
                wanted = request(plain, session.session_id)
                if is_known_before:
                    request(lake, session.session_id)
                    lakeful.clock.tick()
                steps_left[0] = step
                assert request(lake, session.session_id) == wanted, (name, step)
                lakeful.clock.tick()
            was_reached = steps_left[0] <= 0
            steps_left[0] = -1
            compact_day(lakeful.store, lakeful.settings, session.day, now_ms=lakeful.clock.ms)
            lakeful.clock.tick()
            assert request(lake, session.session_id) == wanted, (name, step)
            if not was_reached:
                break
            assert step < _STEPS_MAX


def _plain(detail: Any) -> Any:
    """Leave out what a compaction may change: the file, its frames and the scores."""
    changing = {"part", *SCORE_COLUMNS}
    row = {
        name: value
        for name, value in detail.row.items()
        if name not in changing and not name.startswith("file_")
    }
    return row, detail.pages, detail.errors, detail.gaps


class Running(Clock):
    """A clock on which every look is a new second, so that no reader may answer from before."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = count()

    def __call__(self) -> int:
        return self.ms + next(self._looks) * 5_000


def test_polling_during_writes_sees_each_event_once(lakeful: Lakeful, settings: Settings) -> None:
    """Invariants I1 and I3: a writer, two compactors and a reader run at once."""
    session = lakeful.session()
    chunks = session.chunks([*page(NOW_MS), *moves(NOW_MS + 10, 598)], size=5)
    lakeful.append(chunks[:1])
    acknowledged = [5]
    is_over = threading.Event()
    trouble: list[BaseException] = []

    def write() -> None:
        for number in range(1, len(chunks)):
            lakeful.append(chunks[number : number + 1])
            acknowledged[0] += 5

    def compact() -> None:
        while not is_over.is_set():
            try:
                compact_day(lakeful.store, settings, session.day, now_ms=NOW_MS)
            except Conflict:
                continue

    def watched(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                trouble.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    writer = watched(write)
    compactors = [watched(compact) for _ in range(2)]
    lake = Lake(lakeful.store, settings, Running())
    try:
        polls = 0
        while writer.is_alive() or polls == 0:
            least = acknowledged[0]
            (row,) = list_sessions(lake, lakeful.website, SessionQuery()).rows
            assert row["event_count"] >= least
            least = acknowledged[0]
            events = events_of(lake, lakeful, session.session_id)
            assert len(events) >= least
            stamps = [event["timestamp"] for event in events]
            assert stamps == sorted(set(stamps))
            polls += 1
    finally:
        writer.join()
        is_over.set()
        for thread in compactors:
            thread.join()
    assert not trouble
    assert len(events_of(lake, lakeful, session.session_id)) == 600
