"""Checks of the tables' files: each can be read to its end and matches the log.

The writer adds no checksums to Parquet pages. A flipped bit in a page is detected because the page
cannot be decompressed, or because its rows differ from the session files (`sessions`). A bit that
changes no row is not detected: in statistics, names of writers or padding.
"""

from collections.abc import Iterator
from datetime import date

import polars as pl

from lake.errors import LakeError
from lake.operations.check.delta_logs import checkpoint_damage, log_damage
from lake.operations.check.finding import CheckFinding
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.stored_days import days_under
from lake.tables.delta_table import Snapshot, Table, TableFile
from lake.tables.schemas import DERIVED, STATS_COLUMNS

# Derived tables first: a session that only `sessions` has is then newer, not lost.
_ORDER = (*DERIVED, "daily_summary", "sessions")


def read(store: Store) -> tuple[dict[str, Snapshot], list[CheckFinding]]:
    """Return the tables that can be read, and findings.

    Raises:
        StoreUnavailable: The store failed while logs were listed.
    """
    broken: list[CheckFinding] = []
    snapshots: dict[str, Snapshot] = {}
    for name in _ORDER:
        where = keys.table_prefix(name).removesuffix("/")
        if damage := log_damage(store, name):
            broken.append(CheckFinding("table-log-damaged", where, damage))
            continue
        if damage := checkpoint_damage(store, name):
            broken.append(CheckFinding("table-checkpoint-damaged", where, damage))
        try:
            snapshots[name] = Table(store, name).snapshot()
        except LakeError as error:
            if not damage:
                broken.append(CheckFinding("table-unreadable", where, str(error)))
            continue
        broken += _files(snapshots[name])
    return snapshots, broken


def days(store: Store, snapshots: dict[str, Snapshot]) -> list[date]:
    """Return all days of which anything is stored."""
    result = set(days_under(store, keys.RAW)) | set(days_under(store, keys.SESSIONS))
    for name in ("sessions", *DERIVED):
        rows = snapshots[name].scan().select(pl.col("started_at").dt.date().unique())
        result |= set(rows.collect()["started_at"])
    result |= set(snapshots["daily_summary"].scan().select("date").collect()["date"])
    return sorted(result)


def _files(snapshot: Snapshot) -> Iterator[CheckFinding]:
    for file in snapshot.files:
        try:
            damage = _damage(snapshot, file)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            damage = str(error).split("\n", 1)[0]
        if damage:
            yield CheckFinding("table-file-damaged", file.uri, damage)


def _damage(snapshot: Snapshot, file: TableFile) -> str | None:
    """Read every value of a file, a group of rows at a time."""
    names = [name for name in STATS_COLUMNS if name in snapshot.scan([file]).collect_schema()]
    result = (
        snapshot.scan([file])
        .select(
            pl.len(),
            *(pl.col(name).min().alias(f"min {name}") for name in names),
            *(pl.col(name).max().alias(f"max {name}") for name in names),
            pl.all().hash().sum().name.prefix("read "),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    if result["len"] != file.row_count:
        return f"{result['len']} rows, the log says {file.row_count}"
    for name in names:
        low, high = result[f"min {name}"], result[f"max {name}"]
        if low is not None and not (
            file.may_hold(name, low, low) and file.may_hold(name, high, high)
        ):
            return f"{name} goes from {low} to {high}, the log says otherwise"
    return None
