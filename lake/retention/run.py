"""Removal of sessions past their website's retention, a day at a time.

Expired sessions are not served, whether this ran or not. What a crash leaves is removed by the next
run, which reads what is stored. A held session stays with all its data, and is removed by the first
run after the release. `lake.retention.removal` defines the order of a day's removal.
"""

from datetime import date

import polars as pl

from lake.errors import Damaged
from lake.raw import pending_index
from lake.retention.policy import (
    OverdueDay,
    RetentionPolicy,
    expired_share,
    read_policy,
    websites_of_day,
)
from lake.retention.removal import HELD, PLAN, UNREADABLE, DayRemoval, ExpiryReport
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.failures import Failures
from lake.storage.stored_days import days_under
from lake.tables.delta_table import Table, TableFile, reading
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import may_hold_website

__all__ = ["HELD", "PLAN", "UNREADABLE", "ExpiryReport", "expire_day", "expired_days"]


def expired_days(store: Store, settings: Settings, *, now_ms: int) -> list[date]:
    """Return the days with stored data of a website that no longer retains them.

    Raises:
        Damaged, StoreUnavailable.
    """
    policy = read_policy(store, settings, now_ms=now_ms)
    expired = _days_of_rows(store, policy)
    days: set[date] = set()
    for prefix in (keys.RAW, keys.SESSIONS, keys.QUARANTINE):
        days.update(day for day in days_under(store, prefix) if day < policy.first_day)
    # A day that cannot be checked is included; `expire_day` then reports why.
    failures = Failures()
    for day in sorted(days - expired):
        is_wanted = True
        with failures.of(f"{day}"):
            is_wanted = _has_anything(store, policy.of_day(day))
        if is_wanted:
            expired.add(day)
    return sorted(expired)


def expire_day(
    store: Store, settings: Settings, day: date, *, now_ms: int, dry_run: bool = False
) -> ExpiryReport:
    """Remove the sessions that began on `day` of every website that no longer retains that day.

    Safe to run twice or at once. The next vacuum deletes the table files with removed rows.

    Raises:
        Conflict: Other writers were faster each time; run it again.
        Damaged, StoreUnavailable.
    """
    policy = read_policy(store, settings, now_ms=now_ms)
    overdue = policy.of_day(day)
    removal = DayRemoval(
        store, settings, overdue, ExpiryReport(day=day, failed=policy.failed), dry_run=dry_run
    )
    if overdue.websites or overdue.held:
        removal.run()
    return removal.done


def _has_anything(store: Store, overdue: OverdueDay) -> bool:
    if not overdue.websites:
        return False
    return (
        _has_files(store, overdue)
        or _has_chunks(store, overdue)
        or any(
            expired_share(store, overdue, item) in ("all", "some")
            for item in store.list(keys.quarantine_prefix(overdue.day))
        )
    )


def _has_files(store: Store, overdue: OverdueDay) -> bool:
    return any(
        overdue.is_expired(website_id, file.session_id)
        for website_id in websites_of_day(store, overdue.day)
        if website_id in overdue.websites
        for item in store.list(keys.session_prefix(overdue.day, website_id))
        if (file := keys.parse_session_file_key(item.key))
    )


def _has_chunks(store: Store, overdue: OverdueDay) -> bool:
    for item in store.list(keys.raw_prefix(overdue.day)):
        got = (
            pending_index.read_pending(store, [item])[item.key]
            if keys.parse_segment_key(item.key)
            else None
        )
        received_chunks = (
            []
            if got is None or isinstance(got, Damaged)
            else [chunk.received_chunk for chunk in got]
        )
        if any(
            overdue.is_expired(received_chunk.website_id, received_chunk.session_id)
            for received_chunk in received_chunks
        ):
            return True
    return False


def _days_of_rows(store: Store, policy: RetentionPolicy) -> set[date]:
    """Return the days of expired rows; a compaction that slept may have written some alone."""
    days: set[date] = set()
    for name in BY_SESSION:
        snapshot = Table(store, name).snapshot()
        with reading(name):
            for file in snapshot.files:
                if _may_be_late(file, policy):
                    day = pl.col("started_at").dt.date()
                    rows = snapshot.scan([file]).filter(policy.rows()).select(day.unique())
                    days |= set(rows.collect()["started_at"])
    return days


def _may_be_late(file: TableFile, policy: RetentionPolicy) -> bool:
    first_at = file.min.get("started_at")
    return any(
        may_hold_website(file, website_id)
        for website_id, first_day in policy.first_days.items()
        if first_at is None or first_at.date() < first_day
    )
