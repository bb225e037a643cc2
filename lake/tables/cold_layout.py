"""The move of finished days from hot parts (hours) to cold parts (months of some websites).

Each table is moved in commits of its own. Readers and writers look into both places, so that an
interrupted move only has to be repeated.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

import polars as pl

from lake import failpoints
from lake.storage.base import Store
from lake.tables.delta_table import POLARS_SCHEMAS, Snapshot, Table
from lake.tables.partitions import cold_part, hot_day
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import sorted_rows

_ROWS_MAX = 1_000_000  # of one commit: bounds memory


class MovedToCold(NamedTuple):
    """Days and rows that were moved."""

    day_count: int
    row_count: int


def move_to_cold(
    store: Store, before: date, *, report: Callable[[str], None] = lambda _: None
) -> MovedToCold:
    """Move the rows of all days before `before` to the cold layout.

    Raises:
        Conflict: A compaction changed the same part; the rest is moved the next time.
        StoreUnavailable.
    """
    days: set[date] = set()
    row_count = 0
    for name in BY_SESSION:
        table = Table(store, name)
        snapshot = table.snapshot()
        for day in sorted({day for file in snapshot.files if (day := hot_day(file.part))}):
            if day < before:
                report(f"{name} {day}")
                row_count += _move(table, day)
                days.add(day)
                failpoints.failpoint("layout-after-commit")
    return MovedToCold(len(days), row_count)


def _move(table: Table, day: date) -> int:
    """Move one day of one table, as many websites at a time as memory allows."""
    count = 0
    hot_rows = _hot(table.snapshot(), day)
    for group in _groups(table.snapshot(), hot_rows, day):
        snapshot = table.snapshot()
        hot_parts = {file.part for file in snapshot.files if hot_day(file.part) == day}
        hot = _hot(snapshot, day).collect()
        goes = pl.col("website_id").is_in(list(group))
        moved = hot.filter(goes).with_columns(
            part=pl.col("website_id").replace_strict(group, return_dtype=pl.String)
        )
        if table.name == "session_files":
            # Rarely needed, and most of the row. The file's own header has them.
            moved = moved.with_columns(chunks=pl.lit(None, pl.Binary))
        cold = [_rows_of_part(snapshot, part) for part in sorted(set(group.values()))]
        rows = pl.concat([hot.filter(~goes), moved, *cold])
        table.replace({*hot_parts, *group.values()}, sorted_rows(table.name, rows))
        count += moved.height
    return count


def _groups(snapshot: Snapshot, hot_rows: pl.LazyFrame, day: date) -> Iterator[dict[str, str]]:
    """Yield groups of websites with their cold parts; the rows of a group fit into memory."""
    counts = hot_rows.group_by("website_id").len().collect()
    by_part: dict[str, dict[str, int]] = {}
    for website_id, count in counts.iter_rows():
        by_part.setdefault(cold_part(day, website_id), {})[website_id] = count
    group: dict[str, str] = {}
    size = 0
    for part, websites in sorted(by_part.items()):
        rows = sum(websites.values()) + sum(f.row_count for f in snapshot.of_parts([part]))
        if group and size + rows > _ROWS_MAX:
            yield group
            group, size = {}, 0
        group |= dict.fromkeys(websites, part)
        size += rows
    if group:
        yield group


def _hot(snapshot: Snapshot, day: date) -> pl.LazyFrame:
    parts = {file.part for file in snapshot.files if hot_day(file.part) == day}
    frames = [_scan(snapshot, part) for part in sorted(parts)]
    return pl.concat([pl.LazyFrame(schema=POLARS_SCHEMAS[snapshot.name]), *frames])


def _scan(snapshot: Snapshot, part: str) -> pl.LazyFrame:
    rows = snapshot.scan(snapshot.of_parts([part]))
    return rows.select(pl.lit(part).alias("part"), pl.all())


def _rows_of_part(snapshot: Snapshot, part: str) -> pl.DataFrame:
    return _scan(snapshot, part).collect()
