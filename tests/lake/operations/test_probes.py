from datetime import date, timedelta

import polars as pl
import pytest
from deltalake import write_deltalake

from lake.compaction import compact_day
from lake.operations import probes
from lake.raw.pending_index import PendingIndex
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.delta_table import Table
from lake.tables.schemas import SCHEMAS
from tests.orchestration.lakes import DAY_MS, NOW_MS, add_session, make_website

DAY = date(2026, 11, 24)


@pytest.fixture
def compacted(store: Store, settings: Settings) -> Store:
    website_id = make_website(store)
    for days in (0, 1):
        add_session(store, settings, website_id, begins_ms=NOW_MS - days * DAY_MS)
        compact_day(store, settings, DAY - timedelta(days=days), now_ms=NOW_MS)
    return store


def test_a_new_lake_and_a_compacted_one_are_well(
    settings: Settings, store: Store, compacted: Store
) -> None:
    for name in SCHEMAS:
        assert probes.column_differences(compacted, name) == []
    assert probes.doubled_count(compacted) == 0
    assert list(probes.broken_files(compacted, newest=10)) == []
    assert probes.row_count(compacted, "sessions", DAY) == 1


def test_an_empty_lake_is_well(store: Store) -> None:
    for name in SCHEMAS:
        assert probes.column_differences(store, name) == []
    assert probes.doubled_count(store) == 0
    assert list(probes.broken_files(store, newest=10)) == []
    assert list(store.list("tables/")) == []


def test_a_row_that_is_there_twice_is_counted(compacted: Store) -> None:
    table = Table(compacted, "sessions")
    table.snapshot()
    rows = pl.read_delta(compacted.table_uri("sessions"))
    write_deltalake(table.handle(), rows.to_arrow().cast(SCHEMAS["sessions"]), mode="append")

    assert probes.doubled_count(compacted) == 2


def test_a_column_that_nobody_described_is_told(compacted: Store) -> None:
    table = Table(compacted, "pages")
    table.snapshot()
    rows = pl.read_delta(compacted.table_uri("pages")).with_columns(extra=pl.lit(1))
    write_deltalake(table.handle(), rows.to_arrow(), mode="append", schema_mode="merge")

    assert probes.column_differences(compacted, "pages") == ["extra is not described"]


def test_a_missing_and_a_cut_file_are_told(compacted: Store) -> None:
    missing, cut = (item.key for item in compacted.list(keys.SESSIONS))
    compacted.delete([missing])
    compacted.put(cut, b"short")

    broken_files = list(probes.broken_files(compacted, newest=10))

    assert any(f"{missing} is missing" in broken_file for broken_file in broken_files)
    assert any(f"{cut} has 5 bytes" in broken_file for broken_file in broken_files)
    assert len(list(probes.broken_files(compacted, newest=1))) == 1


def test_a_backlog_is_what_waits(store: Store, settings: Settings) -> None:
    website_id = make_website(store)
    index = PendingIndex(store)
    assert probes.pending_backlog(index.refresh(), until=DAY) == probes.Backlog(0, 0, 0, 0, None)
    add_session(store, settings, website_id, begins_ms=NOW_MS, now_ms=NOW_MS + 5)
    store.put(keys.segment_key(DAY, "bad"), b"no parquet")

    add_session(store, settings, website_id, begins_ms=NOW_MS + DAY_MS // 2)  # tomorrow

    backlog = probes.pending_backlog(index.refresh(), until=DAY)

    assert (backlog.session_count, backlog.damaged_count) == (1, 1)
    assert backlog.oldest_ms == NOW_MS + 5
    assert backlog.payload_bytes > 0
