"""What keeps a lake small and quick at night: cold layout, vacuum, logs, sweeping, the audit log's
table. Safe beside writers, and safe to run twice.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from lake.control import api_keys, share_links, visitor_salts
from lake.erasure import Receipt, resurfaced
from lake.errors import Damaged, ObjectMissing
from lake.retry import retried
from lake.sessions.session_file import SessionFile
from lake.settings import Settings
from lake.storage import keys, scratch
from lake.storage.base import ObjectInfo, Store
from lake.storage.failures import Failures
from lake.storage.local import LocalStore
from lake.storage.stored_days import days_under
from lake.tables import audit_log
from lake.tables.cold_layout import MovedToCold, move_to_cold
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Snapshot, Table
from lake.tables.schemas import ALL_SCHEMAS
from lake.tables.session_rows import SessionKey, rows_of_day
from lake.timestamps import utc_day

_TRIES_MAX = 5


class MaintenanceReport(NamedTuple):
    """What a maintenance did. `moved` counts days and rows that went to the cold layout.

    `erased_again` are erased sessions that were there again: their erasure is asked for.
    `audit_entries` went to their table, and `audit_dropped` from it; `links` ended long ago.
    `failed` names what was not done, and why; the next run tries it again.
    """

    moved: MovedToCold
    vacuumed_files: int
    orphan_files: int
    orphan_bytes: int
    tmp_files: int
    salts: int
    erased_again: int
    audit_entries: int
    audit_dropped: int
    links: int
    failed: Mapping[str, str] = MappingProxyType({})


def maintain(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    report: Callable[[str], None] = lambda _: None,
) -> MaintenanceReport:
    """Do all of it; what fails is named, and the rest is done.

    Raises:
        StoreUnavailable: The store failed several times in a row.
    """
    failures = Failures()
    again, moved, orphans = list[Receipt](), MovedToCold(0, 0), list[ObjectInfo]()
    vacuumed = tmp_files = salts = links = 0
    folded = audit_log.AuditCompaction(0, 0, 0, 0)
    with failures.of("erased sessions"):
        again = resurfaced.request_resurfaced(store, settings, now_ms=now_ms)
    before = utc_day(now_ms) - timedelta(days=settings.cold_after_days)
    with failures.of("cold layout"):
        moved = retried(partial(move_to_cold, store, before, report=report), tries_max=_TRIES_MAX)
    with failures.of("summaries"):
        for day in _days_of_sessions(store):
            with failures.of(f"summary of {day}"):
                retried(partial(summarise_day, store, day), tries_max=_TRIES_MAX)
    for name in ALL_SCHEMAS:
        with failures.of(f"table {name}"):
            vacuumed += _vacuum(Table(store, name), settings, report)
    with failures.of("orphans"):
        orphans = list(_orphans(store, settings, now_ms, report, failures))
        store.delete(item.key for item in orphans)
    report("audit log")
    with failures.of("audit log"):
        folded = audit_log.compact_entries(store, settings, now_ms=now_ms)
    with failures.of("temporary files"):
        if isinstance(store, LocalStore):
            tmp_files = store.sweep_tmp(settings.orphan_grace_s)
        tmp_files += scratch.remove_abandoned()
    with failures.of("salts"):
        salts = visitor_salts.destroy_old(store, now_ms=now_ms)
    with failures.of("API keys"):
        api_keys.delete_old_revoked(store, now_ms=now_ms)
    with failures.of("share links"):
        links = share_links.delete_ended(store, settings, now_ms=now_ms)
    return MaintenanceReport(
        moved,
        vacuumed,
        len(orphans),
        sum(item.size_bytes for item in orphans),
        tmp_files,
        salts,
        sum(len(one.sessions) for one in again),
        folded.entry_count,
        folded.dropped_count,
        links,
        failures.found,
    )


def _days_of_sessions(store: Store) -> list[date]:
    rows = Table(store, "sessions").snapshot().scan()
    return sorted(rows.select(pl.col("started_at").dt.date().unique()).collect()["started_at"])


def _vacuum(table: Table, settings: Settings, report: Callable[[str], None]) -> int:
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


class UnreferencedFile(NamedTuple):
    """A session file that no row points at.

    `is_superseded`: its session's row points at another, which holds all its chunks. None of a
    session is, as long as one of them has other bytes for a chunk: which came first is told by the
    files (see `lake.operations.file_generations`).
    """

    item: ObjectInfo
    session: SessionKey
    has_row: bool
    is_superseded: bool


def unreferenced_files(
    store: Store, sessions: Snapshot, day: date, older_than: datetime
) -> Iterator[UnreferencedFile]:
    """Yield session files of `day` that no row points at, unless somebody may be writing there.

    As long as segments wait, a compactor may be about to point at a file again that a crash left
    behind; without any, only new chunks make new files, which have other names.
    """
    files: dict[SessionKey, list[ObjectInfo]] = {}
    for item in store.list(keys.session_prefix(day)):
        if parsed := keys.parse_session_file_key(item.key):
            files.setdefault((parsed.website_id, parsed.session_id), []).append(item)
    if not files:
        return
    if next(store.list(keys.raw_prefix(day)), None) is not None:
        return
    columns = ["website_id", "session_id", "file_sha256"]
    rows = rows_of_day(sessions, day).select(columns).collect()
    wanted = {
        (website_id, session_id): keys.session_file_key(day, website_id, session_id, sha256[:16])
        for website_id, session_id, sha256 in rows.iter_rows()
    }
    for key, items in files.items():
        current = wanted.get(key)
        others = [item for item in items if item.key != current]
        if not any(item.modified_at < older_than for item in others):
            continue
        superseded = _superseded(store, current, others) if current else set()
        for item in others:
            if item.modified_at < older_than:
                yield UnreferencedFile(item, key, current is not None, item.key in superseded)


def _superseded(store: Store, current: str, others: list[ObjectInfo]) -> set[str]:
    """Return those of a session's other files of which the current one holds all chunks.

    And those that nobody can read. None if one has other bytes for a chunk.
    """
    held = _contents(store, current)
    if held is None:
        return set()
    found = set()
    for item in others:
        chunks = _contents(store, item.key) or {}
        if any(held.get(place, content) != content for place, content in chunks.items()):
            return set()
        if chunks.keys() <= held.keys():
            found.add(item.key)
    return found


def _contents(store: Store, key: str) -> dict[tuple[str, int], tuple[str, int, int, int]] | None:
    """Return which chunks a session file holds; None: nobody can read it."""
    try:
        return {one.place: one.content_key for one in SessionFile(store, key).header.chunks}
    except (Damaged, ObjectMissing):
        return None


def _orphans(
    store: Store,
    settings: Settings,
    now_ms: int,
    report: Callable[[str], None],
    failures: Failures,
) -> Iterator[ObjectInfo]:
    older_than = datetime.fromtimestamp(now_ms / 1000, UTC) - timedelta(
        seconds=settings.orphan_grace_s
    )
    sessions = Table(store, "sessions").snapshot()
    for day in days_under(store, keys.SESSIONS):
        report(f"session files {day}")
        with failures.of(f"session files of {day}"):
            for leftover in unreferenced_files(store, sessions, day, older_than):
                # What has no row may be all that is left of a session whose table was lost.
                if leftover.is_superseded:
                    yield leftover.item
