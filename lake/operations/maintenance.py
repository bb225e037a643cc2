"""Nightly maintenance: cold layout, summaries, vacuum, unreferenced files, the audit log's table.

Safe beside writers, and safe to run twice.
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
    """Result of a maintenance. `moved` counts days and rows that moved to the cold layout.

    `erased_again` counts erased sessions that were stored again; their erasure is requested.
    `audit_entries` were moved to their table, `audit_dropped` deleted from it. `links` are share
    link records that were deleted. `failed` maps what was not done to the reason; the next run
    tries it again.
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
    """Run all steps; a step that fails is reported, and the others run.

    Raises:
        StoreUnavailable: The store failed several times in a row.
    """
    failures = Failures()
    resurfaced_requests, moved, orphans = list[Receipt](), MovedToCold(0, 0), list[ObjectInfo]()
    vacuumed = tmp_files = salts = links = 0
    audit = audit_log.AuditCompaction(0, 0, 0, 0)
    with failures.of("erased sessions"):
        resurfaced_requests = resurfaced.request_resurfaced(store, settings, now_ms=now_ms)
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
        audit = audit_log.compact_entries(store, settings, now_ms=now_ms)
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
        sum(len(request.sessions) for request in resurfaced_requests),
        audit.entry_count,
        audit.dropped_count,
        links,
        failures.reasons,
    )


def _days_of_sessions(store: Store) -> list[date]:
    rows = Table(store, "sessions").snapshot().scan()
    return sorted(rows.select(pl.col("started_at").dt.date().unique()).collect()["started_at"])


def _vacuum(table: Table, settings: Settings, report: Callable[[str], None]) -> int:
    """Delete files that no reader can need any more, and shorten the log."""
    if table.snapshot().version < 0:
        return 0
    report(f"{table.name}: vacuum")
    handle = table.handle()
    # Younger files may belong to a writer that has not committed yet.
    deleted = handle.vacuum(
        retention_hours=max(1, settings.vacuum_grace_s // 3600),
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
    )
    handle.create_checkpoint()
    handle.cleanup_metadata()
    return len(deleted)


class UnreferencedFile(NamedTuple):
    """A session file that no row points at.

    `is_superseded`: its session's row points at another file, which has all its chunks. While one
    file of a session has other bytes for a chunk, none of its files is superseded: they show which
    bytes came first (see `lake.operations.file_generations`).
    """

    item: ObjectInfo
    session: SessionKey
    has_row: bool
    is_superseded: bool


def unreferenced_files(
    store: Store, sessions: Snapshot, day: date, older_than: datetime
) -> Iterator[UnreferencedFile]:
    """Yield session files of `day` that no row points at; none while the day has segments.

    While there are segments, a compactor may be about to commit a row for a file that a crash left
    behind. Without segments, only new chunks make new files, which have other names.
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
    """Return those of a session's other files whose chunks are all in the current one.

    Also those that cannot be read. Empty if one has other bytes for a chunk.
    """
    in_current = _contents(store, current)
    if in_current is None:
        return set()
    superseded = set()
    for item in others:
        chunks = _contents(store, item.key) or {}
        if any(in_current.get(place, content) != content for place, content in chunks.items()):
            return set()
        if chunks.keys() <= in_current.keys():
            superseded.add(item.key)
    return superseded


def _contents(store: Store, key: str) -> dict[tuple[str, int], tuple[str, int, int, int]] | None:
    """Return the chunks of a session file by place; None if it cannot be read."""
    try:
        return {chunk.place: chunk.content_key for chunk in SessionFile(store, key).header.chunks}
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
                # A file without a row may be all that is left of a session whose table was lost.
                if leftover.is_superseded:
                    yield leftover.item
