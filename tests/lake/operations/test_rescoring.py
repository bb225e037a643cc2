from datetime import UTC, datetime

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from lake.analysis.score import SCORING_VERSION
from lake.operations.maintenance import maintain
from lake.operations.rescore import RescoreReport, rescore_day
from lake.storage import keys
from lake.tables.delta_table import POLARS_SCHEMAS
from lake.tables.schemas import ANALYSED, SCHEMAS
from tests.lake.operations.damage import rewrite
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

TODAY = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
RESCORE = (
    "from lake.operations.rescore import rescore_day; from datetime import date;"
    f"rescore_day(store, date.fromisoformat('{TODAY}'))"
)


def make_old(lakeful: Lakeful) -> None:
    """Leave what a version without these rules would have written."""
    rewrite(lakeful, "signals", copies=0)
    for name in ("sessions", "pages", "errors"):
        for column in ANALYSED[name]:
            kind = POLARS_SCHEMAS[name][column]
            some = 10**17 if kind.is_integer() else "old"
            old = pl.lit(None if SCHEMAS[name].field(column).nullable else some)
            rewrite(lakeful, name, change=old.cast(kind).alias(column))


def rescored(lakeful: Lakeful, *days_ago: int, again: bool = False) -> list[RescoreReport]:
    days = [datetime.fromtimestamp((NOW_MS - ago * DAY_MS) / 1000, UTC).date() for ago in days_ago]
    return [rescore_day(lakeful.store, day, again=again) for day in days]


def test_rescoring_changes_scores_only(
    lakeful: Lakeful,
) -> None:
    filled(lakeful, days_ago=(0, 1))
    before = tables_of(lakeful.settings)
    make_old(lakeful)
    assert tables_of(lakeful.settings)["signals"].is_empty()

    done = rescored(lakeful, 0, 1)
    assert [(item.session_count, item.failed) for item in done] == [(3, {}), (3, {})]
    assert not before["signals"].is_empty()
    assert_same(tables_of(lakeful.settings), before)
    assert broken(lakeful.store, lakeful.settings) == []


def test_only_what_analysis_makes_is_written(lakeful: Lakeful) -> None:
    """Even where other columns are not what the file says: mending is `repair`'s."""
    session, *_ = filled(lakeful, days_ago=(0,))
    make_old(lakeful)
    rewrite(lakeful, "sessions", session, pl.lit("elsewhere").alias("country"))

    rescored(lakeful, 0)
    row = tables_of(lakeful.settings)["sessions"].filter(session_id=session.session_id)
    assert row.select("country", "scoring_version").rows() == [("elsewhere", SCORING_VERSION)]


def test_scores_of_this_version_are_left_alone_unless_one_asks(lakeful: Lakeful) -> None:
    filled(lakeful, days_ago=(0,))
    first, second = rescored(lakeful, 0), rescored(lakeful, 0, again=True)

    assert (first[0].session_count, first[0].skipped_count) == (0, 3)
    assert (second[0].session_count, second[0].skipped_count) == (3, 0)


def test_cold_sessions_are_scored_where_they_lie(lakeful: Lakeful) -> None:
    filled(lakeful, days_ago=(5,))
    before = tables_of(lakeful.settings)
    maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    make_old(lakeful)

    assert rescored(lakeful, 5)[0].session_count == 3
    assert_same(tables_of(lakeful.settings), before)
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_what_a_kill_leaves_undone_is_done_by_the_next_run(lakeful: Lakeful, times: int) -> None:
    filled(lakeful, days_ago=(0,))
    before = tables_of(lakeful.settings)
    make_old(lakeful)
    killed_at(f"rescore-after-table@{times}", lakeful.settings, RESCORE)

    rescored(lakeful, 0)
    assert_same(tables_of(lakeful.settings), before)
    assert broken(lakeful.store, lakeful.settings) == []


def test_rescoring_reports_unreadable_files_and_goes_on(lakeful: Lakeful) -> None:
    first, *_ = filled(lakeful, days_ago=(0,))
    make_old(lakeful)
    prefix = keys.session_prefix(TODAY, first.website_id)
    lakeful.store.delete(
        [item.key for item in lakeful.store.list(prefix) if first.session_id in item.key]
    )

    done, *_ = rescored(lakeful, 0)
    assert done.session_count == 2
    assert list(done.failed) == [f"{first.website_id}/{first.session_id}"]


@pytest.mark.folder
def test_tables_of_a_version_without_these_columns_get_them(lakeful: Lakeful) -> None:
    filled(lakeful, days_ago=(0,))
    before = tables_of(lakeful.settings)
    make_old(lakeful)
    for name in ("sessions", "pages", "errors"):
        uri = lakeful.store.table_uri(name)
        added = {item for item in ANALYSED[name] if SCHEMAS[name].field(item).nullable}
        had = [item for item in SCHEMAS[name].names if item not in added]
        rows = DeltaTable(uri).to_pyarrow_table().select(had)
        write_deltalake(uri, rows, mode="overwrite", schema_mode="overwrite", partition_by=["part"])
    assert tables_of(lakeful.settings)["pages"]["clicks"].null_count() == before["pages"].height

    another = lakeful.record([*page(NOW_MS), *moves(NOW_MS + 100, 3)])
    compacted(lakeful, {another.day})
    assert rescored(lakeful, 0)[0].session_count == 3
    after = tables_of(lakeful.settings)
    old = pl.col("session_id") != another.session_id
    assert_same(
        {**before, **{n: after[n].filter(old) for n in SCHEMAS if n in ("pages", "sessions")}},
        before,
    )
    assert broken(lakeful.store, lakeful.settings) == []
