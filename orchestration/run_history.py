"""Pruning of Dagster's own records: old runs, their files, and free space in SQLite.

A run takes about 200 KB in SQLite; deleting it there frees no space and leaves its file. The last
successful run of each partition is never deleted: without it, the partition would count as never
materialised.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from orchestration.run_tags import PARTITION, RANGE_END, RANGE_START

_SQLITE = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PARTITIONS = (PARTITION, RANGE_START, RANGE_END)
_BATCH = 200
_BUSY_S = 10.0  # a daemon's writes are short


class Pruned(NamedTuple):
    """The result of pruning. `freed_bytes` covers SQLite's files only."""

    run_count: int
    freed_bytes: int


def prune(instance: dg.DagsterInstance, *, days: int, now_s: float) -> Pruned:
    """Delete runs older than `days`, except the last successful one of each partition."""
    before = datetime.fromtimestamp(now_s, UTC) - timedelta(days=days)
    stale = list(_stale(instance, before))
    databases = _databases(instance)
    size_bytes = sum(path.stat().st_size for path in databases)
    for run_id in stale:
        instance.delete_run(run_id)
    _drop_checks(instance, stale)
    freed_bytes = sum(_drop_files(instance, run_id) for run_id in stale)
    for path in databases:
        _vacuum(path)
    return Pruned(
        len(stale), freed_bytes + size_bytes - sum(path.stat().st_size for path in databases)
    )


def _stale(instance: dg.DagsterInstance, before: datetime) -> Iterator[str]:
    with_success: set[tuple[str | None, ...]] = set()
    cursor: str | None = None
    filters = dg.RunsFilter(statuses=_ENDED)
    while records := instance.get_run_records(filters, limit=_BATCH, cursor=cursor):
        for record in records:  # newest first
            run = record.dagster_run
            mark = (run.job_name, *(run.tags.get(name) for name in _PARTITIONS))
            is_last_good = run.is_success and mark not in with_success
            if is_last_good:
                with_success.add(mark)
            elif record.create_timestamp < before:
                yield run.run_id
        cursor = records[-1].dagster_run.run_id


def _drop_checks(instance: dg.DagsterInstance, run_ids: list[str]) -> None:
    """Delete the results of asset checks, which `delete_run` leaves."""
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        of_run = AssetCheckExecutionsTable.c.run_id
        for at in range(0, len(run_ids), _BATCH):
            with storage.index_connection() as database:
                database.execute(
                    AssetCheckExecutionsTable.delete().where(of_run.in_(run_ids[at : at + _BATCH]))
                )


def _databases(instance: dg.DagsterInstance) -> list[Path]:
    if not isinstance(instance.event_log_storage, SqliteEventLogStorage):
        return []  # Postgres vacuums itself
    root = Path(instance.root_directory)
    return [path for path in (root / name for name in _SQLITE) if path.exists()]


def _drop_files(instance: dg.DagsterInstance, run_id: str) -> int:
    """Remove a deleted run's own database and logs; return their size."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return 0
    shard = Path(storage.path_for_shard(run_id))
    size_bytes = 0
    for path in shard.parent.glob(f"{shard.name}*"):
        size_bytes += path.stat().st_size
        path.unlink(missing_ok=True)
    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
    return size_bytes


def _vacuum(path: Path) -> None:
    # If a daemon holds the lock for longer, the next night retries.
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as database,
    ):
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
