"""Cheap health checks for each Dagster run. The complete check: `lake.operations.check.run`."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from lake.erasure import ledger
from lake.ids import day_of
from lake.raw.pending_index import PendingSnapshot
from lake.storage.base import Store
from lake.tables.compacted_sessions import file_key
from lake.tables.delta_table import Snapshot, Table
from lake.tables.partitions import hot_day
from lake.tables.schemas import SCHEMAS
from lake.tables.session_rows import rows_of_day
from lake.timestamps import iso

_NEWEST_FILES = 8  # data files looked at for the newest rows


class Backlog(NamedTuple):
    """Pending chunks. `oldest_ms` is the receipt of the oldest, None if there are none."""

    session_count: int
    chunk_count: int
    payload_bytes: int
    damaged_count: int
    oldest_ms: int | None


class ErasureBacklog(NamedTuple):
    """Erasures that are not done; `failed` maps ids to reasons."""

    waiting_count: int
    failed: dict[str, str]
    late: list[str]
    held: list[str]


def erasure_backlog(store: Store, *, now_ms: int) -> ErasureBacklog:
    """Return the erasures that are not done. One that waits for a legal hold is not late."""
    waiting = ledger.pending_erasures(store)
    unreadable = ledger.unreadable_erasures(store)
    failed = {
        erasure.erasure_id: erasure.defect or erasure.failed for erasure in (*waiting, *unreadable)
    }
    return ErasureBacklog(
        len(waiting) + len(unreadable),
        {erasure_id: why for erasure_id, why in failed.items() if why},
        [
            erasure.erasure_id
            for erasure in waiting
            if erasure.due_at < iso(now_ms) and not erasure.held
        ],
        [erasure.erasure_id for erasure in waiting if erasure.held],
    )


class DayTotals(NamedTuple):
    """Totals of one day in the table `sessions`."""

    session_count: int
    event_count: int
    raw_bytes: int
    file_bytes: int


def day_totals(store: Store, day: date) -> DayTotals:
    """Add up the sessions that began on `day` (UTC)."""
    rows = rows_of_day(Table(store, "sessions").snapshot(), day)
    sums = [pl.col(name).sum() for name in ("event_count", "raw_bytes", "file_bytes")]
    return DayTotals(*map(int, rows.select(pl.len(), *sums).collect().row(0)))


def column_differences(store: Store, name: str) -> list[str]:
    """Return how a table's columns differ from `lake.tables.schemas`, as texts."""
    table = Table(store, name)
    if table.snapshot().version < 0:
        return []
    stored = {f.name: f for f in pa.schema(table.handle().schema().to_arrow())}
    wanted = {field.name: field for field in SCHEMAS[name]}
    missing = [f"{column} is missing" for column in wanted.keys() - stored.keys()]
    extra = [f"{column} is not described" for column in stored.keys() - wanted.keys()]
    other = [
        f"{column} is {stored[column].type}, not {wanted[column].type}"
        for column in wanted.keys() & stored.keys()
        if not _is_same(stored[column].type, wanted[column].type)
    ]
    return sorted([*missing, *extra, *other])


def row_count(store: Store, name: str, day: date) -> int:
    """Return the number of a table's rows of sessions that began on `day` (UTC)."""
    rows = rows_of_day(Table(store, name).snapshot(), day)
    return int(rows.select(pl.len()).collect().item())


def doubled_count(store: Store) -> int:
    """Return the number of surplus rows of `sessions`; there is one row for each session.

    Only hot parts are read, as new rows are written there.
    """
    sessions = Table(store, "sessions").snapshot()
    rows = sessions.scan([file for file in sessions.files if hot_day(file.part)])
    hashes = rows.select(key=pl.struct("website_id", "session_id").hash())
    counts = hashes.select(rows=pl.len(), keys=pl.col("key").n_unique()).collect()
    return int(counts.item(0, "rows") - counts.item(0, "keys"))


def broken_files(store: Store, *, newest: int) -> Iterator[str]:
    """Yield the files of the newest rows that are missing or have another length."""
    for row in _newest_rows(Table(store, "sessions").snapshot(), newest).iter_rows(named=True):
        key = file_key(row)
        item = next(store.list(key), None)
        if item is None:
            yield f"{key} is missing"
        elif item.size_bytes != row["file_bytes"]:
            yield f"{key} has {item.size_bytes} bytes, its row says {row['file_bytes']}"


def pending_backlog(pending: PendingSnapshot, *, until: date) -> Backlog:
    """Return the pending chunks of sessions that began on `until` (UTC) or before.

    A session's clock may be ahead of ours; its day is not compacted before it begins.
    """
    sessions = [items for key, items in pending.sessions.items() if day_of(key[1]) <= until]
    waiting = [item.received_chunk for items in sessions for item in items]
    return Backlog(
        len(sessions),
        len(waiting),
        sum(received_chunk.payload_bytes for received_chunk in waiting),
        len(pending.damaged),
        min((received_chunk.received_at for received_chunk in waiting), default=0) // 1000 or None,
    )


def _newest_rows(sessions: Snapshot, count: int) -> pl.DataFrame:
    files = sorted(sessions.files, key=lambda file: str(file.max.get("started_at")), reverse=True)
    rows = sessions.scan(files[:_NEWEST_FILES])
    columns = ["website_id", "session_id", "started_at", "file_bytes", "file_sha256"]
    return rows.select(columns).top_k(count, by="started_at").collect()


def _is_same(actual: pa.DataType, wanted: pa.DataType) -> bool:
    """Delta has one text and one binary type, Arrow several for each."""
    alike = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}
    alike |= {pa.large_binary(): pa.binary(), pa.binary_view(): pa.binary()}
    return bool(alike.get(actual, actual) == alike.get(wanted, wanted))
