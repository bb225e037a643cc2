import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from lake.errors import Conflict
from lake.operations.maintenance import MaintenanceReport, maintain
from lake.reading.lake_snapshot import Lake
from lake.reading.session_detail import session_detail
from lake.storage import keys
from lake.storage.stored_days import days_under
from lake.tables.cold_layout import move_to_cold
from lake.tables.delta_table import Table
from lake.tables.partitions import hot_day
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import sorted_rows
from lake.timestamps import utc_day
from tests.lake.operations.lakes import (
    DAY_MS,
    assert_same,
    broken,
    compacted,
    filled,
    killed_at,
    tables_of,
)
from tests.query_api.recorded import NOW_MS, Lakeful, moves, page

MAINTAIN = (
    "from lake.operations.maintenance import maintain; maintain(store, settings, now_ms=now_ms)"
)


def maintained(lakeful: Lakeful) -> MaintenanceReport:
    return maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)


def test_a_move_to_cold_parts_changes_no_row(lakeful: Lakeful) -> None:
    filled(lakeful)
    before = tables_of(lakeful.settings) if lakeful.settings.lake[0] == "/" else None

    done = maintained(lakeful)
    assert done.moved.day_count == 1
    for name in BY_SESSION:
        parts = {file.part for file in Table(lakeful.store, name).snapshot().files}
        hot = {day for part in parts if (day := hot_day(part))}
        assert min(hot, default=utc_day(NOW_MS)) >= utc_day(NOW_MS) - timedelta(days=2)
    sessions = Table(lakeful.store, "sessions").snapshot()
    assert sum(file.row_count for file in sessions.files if hot_day(file.part) is None) == 3
    assert broken(lakeful.store, lakeful.settings) == []
    if before is not None:
        assert_same(tables_of(lakeful.settings), before)
    assert maintained(lakeful).moved.row_count == 0


@pytest.mark.fault(28)
def test_a_late_chunk_replaces_a_cold_row_in_its_part(lakeful: Lakeful) -> None:
    """Fault 28."""
    *_, session = filled(lakeful)
    maintained(lakeful)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    compacted(lakeful, {session.day})

    rows = tables_of(lakeful.settings)["sessions"].filter(session_id=session.session_id)
    assert rows["event_count"].to_list() == [49]
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("time", [1, 2, 3, 4])
def test_a_killed_move_to_cold_is_finished_by_the_next(lakeful: Lakeful, time: int) -> None:
    *_, session = filled(lakeful)
    before = tables_of(lakeful.settings)
    killed_at(f"layout-after-commit@{time}", lakeful.settings, MAINTAIN)

    assert broken(lakeful.store, lakeful.settings) == []
    assert_same(tables_of(lakeful.settings), before)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))  # and compacted in between
    compacted(lakeful, {session.day})
    assert broken(lakeful.store, lakeful.settings) == []
    maintained(lakeful)
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_move_that_a_compaction_overtakes_is_refused(lakeful: Lakeful) -> None:
    sessions = filled(lakeful, days_ago=(5,))
    table = Table(lakeful.store, "sessions")
    snapshot = table.snapshot()
    lakeful.append(sessions[0].chunks(moves(sessions[0].began_ms + 9000, 7)))
    compacted(lakeful, {sessions[0].day})

    parts = {file.part for file in snapshot.files}
    rows = snapshot.scan().collect().with_columns(part=pl.lit("2026-11.00"))
    with pytest.raises(Conflict):
        table.replace({*parts, "2026-11.00"}, sorted_rows("sessions", rows))
    move_to_cold(lakeful.store, utc_day(NOW_MS))
    assert broken(lakeful.store, lakeful.settings) == []


def test_superseded_files_are_swept_on_days_without_segments(
    lakeful: Lakeful,
) -> None:
    session, *_ = filled(lakeful, days_ago=(0,), each=1)
    old = [item.key for item in lakeful.store.list(keys.SESSIONS)]
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    lakeful.compact(session.day)
    later_ms = int(datetime.now(UTC).timestamp() * 1000) + 2 * 3_600_000
    lakeful.append(session.chunks(moves(session.began_ms + 20_000, 7)))

    waiting = maintain(lakeful.store, lakeful.settings, now_ms=later_ms)
    assert waiting.orphan_files == 0
    lakeful.compact(session.day)
    assert maintain(lakeful.store, lakeful.settings, now_ms=later_ms - 7_000_000).orphan_files == 0
    assert maintain(lakeful.store, lakeful.settings, now_ms=later_ms).orphan_files == 2
    left = [item.key for item in lakeful.store.list(keys.SESSIONS)]
    assert len(left) == 1
    assert left != old


@pytest.mark.fault(21)
def test_vacuum_spares_files_of_a_writer_at_work(lakeful: Lakeful) -> None:
    """Fault 21."""
    filled(lakeful)
    folder = Path(lakeful.settings.lake) / "tables" / "sessions"
    session = lakeful.record(page(NOW_MS), began_ms=NOW_MS)
    lakeful.compact(session.day)
    live = {file.uri for file in Table(lakeful.store, "sessions").snapshot().files}
    unfinished = folder / "part=2026-11-18T11" / "unfinished.parquet"
    unfinished.write_bytes(b"a writer that has not committed yet")
    dead = [path for path in folder.rglob("*.parquet") if str(path) not in live]
    dead.remove(unfinished)
    for path in dead:
        os.utime(path, (1, 1))

    maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    assert unfinished.exists()
    assert dead
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_session_reads_the_same_hot_and_cold(lakeful: Lakeful) -> None:
    *_, session = filled(lakeful)
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    hot = session_detail(reader, lakeful.website, session.session_id)
    maintained(lakeful)
    lakeful.clock.tick()

    cold = session_detail(reader, lakeful.website, session.session_id)
    assert {**cold.row, "part": ""} == {**hot.row, "part": ""}
    assert cold._replace(row={}, errors=[]) == hot._replace(row={}, errors=[])


def test_days_are_found_without_listing_what_they_hold(lakeful: Lakeful) -> None:
    filled(lakeful)
    lakeful.store.put("sessions/date=nonsense/x/y", b"")

    days = [utc_day(NOW_MS - ago * DAY_MS) for ago in (5, 1, 0)]
    assert list(days_under(lakeful.store, keys.SESSIONS)) == days


def test_compacting_and_moving_at_once_agree_in_the_end(lakeful: Lakeful) -> None:
    *_, session = filled(lakeful)
    for number in range(3):
        lakeful.append(session.chunks(moves(session.began_ms + 9000 + 1000 * number, 3)))
        move_to_cold(lakeful.store, utc_day(NOW_MS))
        compacted(lakeful, {session.day})

    assert broken(lakeful.store, lakeful.settings) == []
