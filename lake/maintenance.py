"""What keeps a lake small and quick at night: cold layout, vacuum, logs, sweeping. Safe beside
writers, and safe to run twice.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl

from lake import keys, visitors
from lake.errors import Conflict
from lake.layout import Moved, chill
from lake.settings import Settings
from lake.store import ObjectInfo, Store
from lake.store.local import LocalStore
from lake.summaries import summarise_day
from lake.tables.schemas import SCHEMAS
from lake.tables.sessions import rows_of_day
from lake.tables.table import Table
from lake.times import utc_day

_TRIES_MAX = 5


class Maintained(NamedTuple):
    """What a maintenance did. `moved` counts days and rows that went to the cold layout."""

    moved: Moved
    vacuumed_files: int
    orphan_files: int
    orphan_bytes: int
    tmp_files: int
    salts: int


def maintain(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    report: Callable[[str], None] = lambda _: None,
) -> Maintained:
    """Do all of it.

    Raises:
        Conflict: Writers were faster each time; the next run goes on.
        StoreUnavailable.
    """
    before = utc_day(now_ms) - timedelta(days=settings.cold_after_days)
    moved = _chilled(store, before, report)
    for day in _days_of_sessions(store):
        summarise_day(store, day)
    vacuumed = sum(_tidy(Table(store, name), settings, report) for name in SCHEMAS)
    orphans = list(_orphans(store, settings, now_ms, report))
    store.delete(item.key for item in orphans)
    return Maintained(
        moved,
        vacuumed,
        len(orphans),
        sum(item.size_bytes for item in orphans),
        store.sweep_tmp(settings.orphan_grace_s) if isinstance(store, LocalStore) else 0,
        visitors.destroy_old(store, now_ms=now_ms),
    )


def _chilled(store: Store, before: date, report: Callable[[str], None]) -> Moved:
    done = Moved(0, 0)
    for attempt in range(_TRIES_MAX):
        try:
            moved = chill(store, before, report=report)
        except Conflict:
            if attempt == _TRIES_MAX - 1:
                raise
            continue
        done = Moved(done.day_count + moved.day_count, done.row_count + moved.row_count)
        break
    return done


def _days_of_sessions(store: Store) -> list[date]:
    rows = Table(store, "sessions").snapshot().scan()
    return sorted(rows.select(pl.col("started_at").dt.date().unique()).collect()["started_at"])


def _tidy(table: Table, settings: Settings, report: Callable[[str], None]) -> int:
    """Delete what no reader can want any more, and shorten the log."""
    if table.snapshot().version < 0:
        return 0
    report(f"{table.name}: vacuum")
    handle = table.handle()
    # Files younger than the grace may be a writer's that has not committed them yet.
    gone = handle.vacuum(
        retention_hours=max(1, settings.vacuum_grace_s // 3600),
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
    )
    handle.create_checkpoint()
    handle.cleanup_metadata()
    return len(gone)


def days_under(store: Store, prefix: str) -> Iterator[date]:
    """Yield the days that have objects under `raw/`, `sessions/` or `quarantine/`, in order.

    One request a day, however many objects it has.
    """
    after = ""
    while True:
        item = next(store.list(prefix, start_after=after), None)
        if item is None:
            return
        folder = item.key.split("/")[1]
        after = f"{prefix}{folder}/\U0010ffff"
        try:
            yield date.fromisoformat(folder.removeprefix("date="))
        except ValueError:
            continue  # not ours


def orphans_of_day(store: Store, day: date, older_than: datetime) -> list[ObjectInfo]:
    """Return session files of `day` that no row points at, unless somebody may be writing there.

    As long as segments wait, a compactor may be about to point at a file again that a crash left
    behind; without any, only new chunks make new files, which have other names.
    """
    files = [
        item
        for item in store.list(keys.session_prefix(day))
        if item.modified_at < older_than and keys.parse_session_file_key(item.key)
    ]
    if not files or next(store.list(keys.raw_prefix(day)), None) is not None:
        return []
    rows = rows_of_day(Table(store, "sessions").snapshot(), day)
    wanted = {
        keys.session_file_key(day, website_id, session_id, sha256[:16])
        for website_id, session_id, sha256 in rows.select("website_id", "session_id", "file_sha256")
        .collect()
        .iter_rows()
    }
    return [item for item in files if item.key not in wanted]


def _orphans(
    store: Store, settings: Settings, now_ms: int, report: Callable[[str], None]
) -> Iterator[ObjectInfo]:
    older_than = datetime.fromtimestamp(now_ms / 1000, UTC) - timedelta(
        seconds=settings.orphan_grace_s
    )
    for day in days_under(store, keys.SESSIONS):
        report(f"session files {day}")
        yield from orphans_of_day(store, day, older_than)
