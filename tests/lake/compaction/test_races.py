"""Several compactors at once, in every forced order; stores and logs that tell old news."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError

from lake import failpoints
from lake.compaction import compact_day, session_writer
from lake.errors import Conflict
from lake.operations.maintenance import MaintenanceReport, maintain
from lake.raw.segment_file import ReceivedChunk
from lake.sessions.session_file import SessionHeader
from lake.settings import Settings
from lake.storage.base import ObjectInfo, Store, open_store
from lake.tables import delta_table as tables
from lake.tables import session_rows
from lake.tables.delta_table import Snapshot, Table
from lake.tables.schemas import SCHEMAS
from tests.support import lakes

pytestmark = pytest.mark.also_on_s3

Hook = Callable[[Callable[[], object], str], None]
Replace = Callable[..., None]


@pytest.fixture
def at_point(monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Run something once, when a compactor of this process comes to a crash point."""

    def hook(action: Callable[[], object], name: str) -> None:
        todo = [action]

        def point(reached: str) -> None:
            if reached == name and todo:
                todo.pop()()

        monkeypatch.setattr(failpoints, "failpoint", point)

    return hook


@pytest.fixture
def before_commit(monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Run something once, before a compactor of this process commits to a table."""

    def hook(action: Callable[[], object], name: str) -> None:
        todo = [action]
        replace = session_rows.replace

        def hooked(table: Table, *rest: Any) -> None:
            if table.name == name and todo:
                todo.pop()()
            replace(table, *rest)

        monkeypatch.setattr(session_rows, "replace", hooked)

    return hook


def through_a_newer_handle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break it: commit what was read from one snapshot against whatever is newest."""
    replace = Table.replace

    def broken(table: Table, *rest: Any) -> None:
        table.handle()
        replace(table, *rest)

    monkeypatch.setattr(Table, "replace", broken)


@pytest.mark.parametrize("has_tables", [True, False])
@pytest.mark.fault(16)
def test_a_stale_compactor_is_refused_and_begins_again(
    store: Store, settings: Settings, at_point: Hook, has_tables: bool
) -> None:
    """Fault 16; also where its snapshot is of a lake that has no tables yet."""
    before = lakes.session(7) if has_tables else []
    lakes.append(store, before)
    lakes.compact(store, settings)
    first, second = lakes.session(chunk_count=2)

    def overtake() -> None:
        lakes.append(store, [second])
        lakes.compact(store, settings)

    lakes.append(store, [first])
    at_point(overtake, "compact-before-sessions-commit")
    (done,) = lakes.compact(store, settings)

    assert done.conflict_count == 1
    lakes.verify(store, [*before, first, second])
    assert list(store.list("raw/")) == []


@pytest.mark.parametrize("has_tables", [True, False])
@pytest.mark.fault(16)
def test_without_the_conflict_a_chunk_would_be_lost(
    settings: Settings,
    store: Store,
    at_point: Hook,
    monkeypatch: pytest.MonkeyPatch,
    has_tables: bool,
) -> None:
    """Fault 16: shows that the previous test can fail."""
    before = lakes.session(7) if has_tables else []
    lakes.append(store, before)
    lakes.compact(store, settings)
    first, second = lakes.session(chunk_count=2)
    other = lakes.session(3)

    def overtake() -> None:
        lakes.append(store, [second, *other])
        lakes.compact(store, settings)

    lakes.append(store, [first])
    through_a_newer_handle(monkeypatch)
    at_point(overtake, "compact-before-sessions-commit")
    lakes.compact(store, settings)

    with pytest.raises(AssertionError, match="lost"):
        lakes.verify(store, [*before, first, second, *other])


@pytest.mark.parametrize("table", ["sessions", "pages", "errors", "session_files"])
@pytest.mark.fault(16, 22)
def test_an_overtaken_compactor_changes_nothing(
    settings: Settings, store: Store, before_commit: Hook, table: str
) -> None:
    """Faults 16 and 22: the other finishes this one's work, adds to it, and deletes segments."""
    first, second, third = lakes.session(chunk_count=3)

    def overtake() -> None:
        lakes.append(store, [second])
        lakes.compact(store, settings)
        lakes.append(store, [third])
        lakes.compact(store, settings)

    lakes.append(store, [first])
    before_commit(overtake, table)
    lakes.compact(store, settings)

    lakes.verify(store, [first, second, third])
    assert list(store.list("raw/")) == []


@pytest.mark.parametrize("table", ["sessions", "pages", "errors", "session_files"])
@pytest.mark.parametrize("is_cold", [False, True])
@pytest.mark.fault(21)
def test_maintenance_before_any_commit_deletes_no_needed_file(
    settings: Settings, store: Store, before_commit: Hook, is_cold: bool, table: str
) -> None:
    """Fault 21: vacuum, checkpoint and sweep, while a new file that is old has no row yet."""
    settings = replace(settings, cold_after_days=1 if is_cold else 10_000)
    old, new = lakes.session(1, chunk_count=2), lakes.session(2)
    lakes.append(store, old[:1])
    lakes.compact(store, settings)
    lakes.append(store, old[1:] + new)
    later_ms = time.time_ns() // 1_000_000 + 3 * 86_400_000
    tidied: list[MaintenanceReport] = []
    before_commit(lambda: tidied.append(maintain(store, settings, now_ms=later_ms)), table)
    lakes.compact(store, settings)

    assert tidied[0].moved.day_count == is_cold
    lakes.verify(store, old + new)
    assert list(store.list("raw/")) == []


@pytest.mark.parametrize("table", ["sessions", "pages", "errors", "signals", "session_files"])
@pytest.mark.fault(22)
def test_a_slow_writer_cannot_restore_outdated_rows(
    settings: Settings,
    store: Store,
    before_commit: Hook,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
) -> None:
    """Fault 22: a signal of one chunk alone, written late by a compactor that was overtaken."""
    made = session_writer.table_rows

    def with_signal(header: SessionHeader, *rest: Any) -> dict[str, Any]:
        rows = made(header, *rest)
        if len(header.chunks) == 1:
            key = {k: v for k, v in rows["pages"][0].items() if not k.startswith("page_no")}
            empty = dict.fromkeys(tables.POLARS_SCHEMAS["signals"]) | key
            empty = {k: v for k, v in empty.items() if k in tables.POLARS_SCHEMAS["signals"]}
            del empty["part"]
            rows["signals"] = [empty | {"signal_no": 0, "kind": "rage_click"}]
        return rows

    monkeypatch.setattr(session_writer, "table_rows", with_signal)
    first, second = lakes.session(chunk_count=2)

    def overtake() -> None:
        lakes.append(store, [second])
        lakes.compact(store, settings)

    lakes.append(store, [first])
    before_commit(overtake, table)
    lakes.compact(store, settings)

    lakes.verify(store, [first, second])
    assert lakes.rows(store, "signals") == []


def _compact(lake: str, barrier: Any, failed: Any) -> None:
    settings = Settings(lake=lake)
    store = open_store(settings)
    barrier.wait(60)
    try:
        compact_day(store, settings, lakes.DAY, now_ms=lakes.NOW_MS)
    except Conflict:
        pass  # gave up for now; the others go on
    except BaseException as error:
        failed.put(repr(error))
        raise


@pytest.mark.folder
@pytest.mark.fault(16)
def test_concurrent_compactors_on_a_new_lake_write_each_row_once(
    settings: Settings, store: Store
) -> None:
    """Fault 16: three processes, none of which finds a table."""
    sent = [received_chunk for number in range(6) for received_chunk in lakes.session(number)]
    lakes.append(store, *([received_chunk] for received_chunk in sent))
    context = multiprocessing.get_context("spawn")
    barrier, failed = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=_compact, args=(settings.lake, barrier, failed)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    lakes.compact(store, settings)

    assert failed.empty(), failed.get()
    assert list(store.list("raw/")) == []
    lakes.verify(store, sent)


@pytest.mark.fault(18)
def test_a_commit_whose_answer_is_lost_may_be_done_again(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 18: each commit in turn lands, and the client sees an error."""
    todo: list[str] = []

    def landed(table: Any, *rest: Any, **options: Any) -> None:
        write_deltalake(table, *rest, **options)
        if todo and table.table_uri.rstrip("/").endswith(f"/{todo[0]}"):
            todo.pop()
            raise CommitFailedError("the answer was lost")

    monkeypatch.setattr(tables, "write_deltalake", landed)
    sent = []
    for number, name in enumerate(["sessions", "pages", "errors", "session_files"]):
        chunks = lakes.session(number)
        sent += chunks
        lakes.append(store, chunks)
        todo.append(name)
        (done,) = lakes.compact(store, settings)

        assert done.conflict_count == 1
        assert not todo
        assert list(store.list("raw/")) == []
        lakes.verify(store, sent)


@pytest.mark.fault(19)
def test_endless_conflicts_raise_and_lose_nothing(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 19; then they stop, and the backlog drains (I11)."""
    chunks = lakes.session()
    lakes.append(store, chunks)
    tries: list[str] = []

    def refused(*_: Any, **__: Any) -> None:
        tries.append("")
        raise CommitFailedError("another writer was first")

    monkeypatch.setattr(tables, "write_deltalake", refused)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(Conflict):
        lakes.compact(store, settings)
    lakes.verify(store, chunks)
    assert 1 < len(tries) < 100

    monkeypatch.setattr(tables, "write_deltalake", write_deltalake)
    lakes.compact(store, settings)
    assert list(store.list("raw/")) == []
    lakes.verify(store, chunks)


@pytest.mark.folder
@pytest.mark.fault(20)
def test_a_wrong_last_checkpoint_is_survived(settings: Settings, store: Store) -> None:
    """Fault 20: stale, naming one that is not there, missing, garbage and empty."""
    sent: list[ReceivedChunk] = []

    def go_on(count: int) -> None:
        for _ in range(count):
            sent.append(lakes.chunk([lakes.click(lakes.NOW_MS)], seq=len(sent)))
            lakes.append(store, sent[-1:])
            lakes.compact(store, settings)

    log = Path(settings.lake) / "tables/sessions/_delta_log"
    last = log / "_last_checkpoint"
    go_on(21)
    stale = last.read_text()
    go_on(20)
    assert json.loads(stale)["version"] < json.loads(last.read_text())["version"]
    assert len(list(log.glob("*.checkpoint*.parquet"))) == 2
    for text in (stale, stale.replace(":19", ":3"), None, "{garbage", ""):
        for name in lakes.TABLES:
            path = Path(settings.lake) / f"tables/{name}/_delta_log/_last_checkpoint"
            path.unlink(missing_ok=True)
            if text is not None and path.parent.exists():
                path.write_text(text)
        go_on(1)

        lakes.verify(store, sent)


class StaleListing:
    """A store whose LIST shows what was there a moment ago."""

    def __init__(self, store: Store, listed: list[ObjectInfo]) -> None:
        self._store = store
        self._listed = listed

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        if not prefix.startswith("raw/"):
            return self._store.list(prefix, start_after=start_after)
        return iter([item for item in self._listed if item.key.startswith(prefix)])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.fault(23)
def test_a_stale_listing_of_segments_loses_nothing(settings: Settings, store: Store) -> None:
    """Fault 23."""
    chunks = lakes.session(chunk_count=4)
    lakes.append(store, chunks[:1], chunks[1:2])
    listed = list(store.list("raw/"))
    lakes.compact(store, settings)
    lakes.append(store, chunks[2:3], chunks[3:])
    stale: Any = StaleListing(store, listed + list(store.list("raw/"))[:1])
    lakes.compact(stale, settings)

    lakes.verify(store, chunks)
    assert len(list(store.list("raw/"))) == 1
    lakes.compact(store, settings)
    lakes.verify(store, chunks)
    assert list(store.list("raw/")) == []


@pytest.mark.fault(23)
def test_a_segment_deleted_meanwhile_is_read_from_the_tables(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 23: its small columns were read before, its payloads cannot be any more."""
    chunks = lakes.session(chunk_count=4)
    keys = lakes.append(store, chunks[:2], chunks[2:])
    seen = threading.Event()

    class Overtaken:
        def get(self, key: str) -> bytes:
            if key in keys and not seen.is_set():
                seen.set()
                lakes.compact(store, settings)
            return store.get(key)

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    slow: Any = Overtaken()
    lakes.compact(slow, settings)

    assert seen.is_set()
    lakes.verify(store, chunks)


@pytest.mark.fault(16)
def test_commit_from_a_missing_table_is_refused_once_filled(
    store: Store,
) -> None:
    """Fault 16, at the table."""
    mine, other = Table(store, "sessions"), Table(store, "sessions")
    empty: Snapshot = mine.snapshot()
    assert empty.version == -1
    other.snapshot()
    nothing = SCHEMAS["sessions"].empty_table()
    other.replace(["P"], nothing)
    mine.replace(["Q"], nothing)  # another part: no conflict
    assert mine.snapshot().version >= 0
    assert mine.handle().version() == other.handle().version()
