"""Sessions past their website's retention are removed, a day at a time.

They are not served from the moment they expire, whether this ran or not. Rows go first, then
files, so that no row ever points at a missing file; what a crash leaves is removed by the next
run, which asks the lake and not its own memory what there is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from lake import crash, keys, segments, websites
from lake.compaction import compact_day
from lake.errors import Conflict, Damaged
from lake.maintenance import days_under
from lake.settings import Settings
from lake.store import ObjectInfo, Store
from lake.summaries import summarise_day
from lake.tables.schemas import DERIVED
from lake.tables.sessions import files_of_day, on_day, remove, rows_of_day
from lake.tables.table import Table

_TRIES_MAX = 10


@dataclass(kw_only=True)
class Expired:
    """What was removed of one day, or would be. `by_website` counts its sessions."""

    day: date
    session_count: int = 0
    file_count: int = 0
    file_bytes: int = 0
    segment_count: int = 0
    quarantined_count: int = 0
    by_website: dict[str, int] = field(default_factory=dict)


def expired_days(store: Store, *, now_ms: int) -> list[date]:
    """Return the days of which something is stored that some website no longer keeps.

    Raises:
        StoreUnavailable.
    """
    first_days = [websites.first_day_kept(w, now_ms=now_ms) for w in websites.list_all(store)]
    limit = max(first_days, default=date.min)
    days: set[date] = set()
    for prefix in (keys.RAW, keys.SESSIONS, keys.QUARANTINE):
        days.update(day for day in days_under(store, prefix) if day < limit)
    return sorted(
        day for day in days if _has_anything(store, day, _expired_websites(store, day, now_ms))
    )


def expire_day(
    store: Store, settings: Settings, day: date, *, now_ms: int, dry_run: bool = False
) -> Expired:
    """Remove the sessions that began on `day` of every website that no longer keeps that day.

    Safe to run twice or beside others. Bytes of removed rows leave the tables' folders with the
    next vacuum.

    Raises:
        Conflict: Other writers were faster each time; run it again.
        StoreUnavailable.
    """
    done = Expired(day=day)
    expired = _expired_websites(store, day, now_ms)
    if not expired:
        return done
    if not dry_run and next(store.list(keys.raw_prefix(day)), None) is not None:
        # Drops expired chunks, and keeps those of other websites in the same segments.
        done.segment_count = compact_day(store, settings, day, now_ms=now_ms).segment_count
    done.by_website = _sessions(store, day, expired)
    done.session_count = sum(done.by_website.values())
    if not dry_run:
        _remove_rows(store, day, expired)
        summarise_day(store, day)
        crash.point("retention-after-rows")
    for website_id in expired:
        files = list(store.list(keys.session_prefix(day, website_id)))
        done.file_count += len(files)
        done.file_bytes += sum(item.size_bytes for item in files)
        if not dry_run:
            store.delete(item.key for item in files[: len(files) // 2])
            crash.point("retention-mid-delete")
            store.delete(item.key for item in files[len(files) // 2 :])
    aside = list(_quarantined(store, day, expired))
    done.quarantined_count = len(aside)
    if not dry_run:
        store.delete(item.key for item in aside)
    return done


def _expired_websites(store: Store, day: date, now_ms: int) -> list[str]:
    return [
        website.website_id
        for website in websites.list_all(store)
        if day < websites.first_day_kept(website, now_ms=now_ms)
    ]


def _has_anything(store: Store, day: date, expired: Iterable[str]) -> bool:
    wanted = list(expired)
    return (
        any(next(store.list(keys.session_prefix(day, w)), None) for w in wanted)
        or next(store.list(keys.raw_prefix(day)), None) is not None
        or next(_quarantined(store, day, wanted), None) is not None
    )


def _sessions(store: Store, day: date, expired: list[str]) -> dict[str, int]:
    rows = rows_of_day(Table(store, "sessions").snapshot(), day)
    mine = rows.filter(pl.col("website_id").is_in(expired))
    counts = mine.group_by("website_id").len().sort("website_id").collect()
    return dict(counts.iter_rows())


def _remove_rows(store: Store, day: date, expired: list[str]) -> None:
    unwanted = pl.col("website_id").is_in(expired) & on_day(day)
    for name in ("sessions", *DERIVED):
        table = Table(store, name)
        for attempt in range(1, _TRIES_MAX + 1):
            snapshot = table.snapshot()
            try:
                remove(table, snapshot, files_of_day(snapshot, day), unwanted)
                break
            except Conflict:
                if attempt == _TRIES_MAX:
                    raise


def _quarantined(store: Store, day: date, expired: Iterable[str]) -> Iterator[ObjectInfo]:
    """Yield what was put aside and belongs to nobody but expired websites.

    What cannot be read goes when every website's day is over.
    """
    gone = set(expired)
    everybody = {website.website_id for website in websites.list_all(store)}
    for item in store.list(keys.quarantine_prefix(day)):
        try:
            owners = {a.website_id for a in segments.decode_small(store, item.key, item.size_bytes)}
        except Damaged:
            owners = everybody
        if owners <= gone:
            yield item
