"""The audit log as a table, and its reader: new objects and the table `audit` as one.

`compact_entries` moves objects into the table every night. An entry id makes an entry that is in
both, as after a crash between the commit and the deletion, one.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import polars as pl
import structlog
from cachetools import FIFOCache

from lake import failpoints, ids
from lake.control import audit_entries
from lake.control.audit_entries import AuditLogEntry
from lake.errors import BadInput, Damaged, ObjectMissing, StoreUnavailable
from lake.retry import retried
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.tables.delta_table import POLARS_SCHEMAS, Table, reading
from lake.timestamps import iso, utc_day

LIMIT_MAX = 1000
_OBJECTS_MAX = 1000  # of one commit
_FILES_AT_ONCE = 32  # a month: enough for most pages
_READERS = 16
_CACHED_OBJECTS_MAX = 10_000  # objects never change
_DAY_MS = 86_400_000
_log = structlog.get_logger(__name__)


class AuditPage(NamedTuple):
    """Entries, the newest first, and the cursor of the next page."""

    entries: list[AuditLogEntry]
    next_cursor: str | None


class AuditCompaction(NamedTuple):
    """Counts of a run: `dropped_count` entries expired, `damaged_count` objects stay."""

    entry_count: int
    object_count: int
    dropped_count: int
    damaged_count: int


class AuditCursorMalformed(BadInput):
    """A cursor is not one that a page returned."""

    kind = "cursor-malformed"


class AuditReader:
    """A reader of the log for many requests. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: FIFOCache[str, list[AuditLogEntry]] = FIFOCache(_CACHED_OBJECTS_MAX)
        self._guard = threading.Lock()

    def entries(
        self,
        website_id: str,
        *,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> AuditPage:
        """Return the entries of a website in [from_at, to_at), the newest first.

        Args:
            limit: At most `LIMIT_MAX`.
            cursor: `next_cursor` of the page before.

        Raises:
            AuditCursorMalformed, Damaged, StoreUnavailable.
        """
        if cursor is not None:
            try:
                ids.day_of(ids.check_uuid7(cursor, "cursor"))
            except BadInput as error:
                raise AuditCursorMalformed("give `nextCursor` of the page before") from error
        # Objects first, so that an entry that is moved in between is seen twice rather than never.
        pending = {entry.entry_id: entry for entry in self._waiting(website_id, from_at, to_at)}
        low_ms, high_ms = (at.timestamp() * 1000 if at else None for at in (from_at, to_at))
        selected = [
            entry
            for entry in pending.values()
            if entry.website_id == website_id
            and (low_ms is None or ids.at_ms_of(entry.entry_id) >= low_ms)
            and (high_ms is None or ids.at_ms_of(entry.entry_id) < high_ms)
            and (cursor is None or entry.entry_id < cursor)
        ]
        query = (website_id, from_at, to_at, limit + 1, cursor)
        try:
            rows = _rows(self._store, *query)
        except StoreUnavailable:
            rows = _rows(self._store, *query)  # a file was deleted: the table is newer now
        by_id = {entry.entry_id: entry for entry in (*rows, *selected)}
        newest = sorted(by_id.values(), key=lambda entry: entry.entry_id, reverse=True)
        page = newest[:limit]
        return AuditPage(page, page[-1].entry_id if len(newest) > limit else None)

    def _waiting(
        self, website_id: str, from_at: datetime | None, to_at: datetime | None
    ) -> Iterator[AuditLogEntry]:
        items = [
            item
            for prefix in (keys.audit_prefix(website_id), keys.AUDIT_WITHOUT_WEBSITE)
            for item in self._store.list(prefix)
            if (day := keys.parse_audit_key(item.key)) is not None
            and (from_at is None or day >= from_at.astimezone(UTC).date())
            and (to_at is None or day <= to_at.astimezone(UTC).date())
        ]
        with ThreadPoolExecutor(_READERS) as pool:
            for entries in pool.map(self._read, items):
                yield from entries

    def _read(self, item: ObjectInfo) -> list[AuditLogEntry]:
        cached = self._cache.get(item.key)
        if cached is None:
            cached = _read(self._store, item) or []
            with self._guard:
                self._cache[item.key] = cached
        return cached


def compact_entries(store: Store, settings: Settings, *, now_ms: int) -> AuditCompaction:
    """Move new objects into the table; drop days past `audit_days`. Safe to run twice.

    Memory holds the entries of `_OBJECTS_MAX` objects, and of the days that they are of.

    Raises:
        Conflict: Other writers were faster each time.
        Damaged, StoreUnavailable.
    """
    table = Table(store, "audit")
    entry_count = object_count = damaged_count = 0
    items = (item for item in store.list(keys.AUDIT) if keys.parse_audit_key(item.key))
    while batch := list(islice(items, _OBJECTS_MAX)):
        with ThreadPoolExecutor(_READERS) as pool:
            contents = list(pool.map(partial(_read, store), batch))
        entries = [entry for some in contents if some is not None for entry in some]
        retried(partial(_add, table, entries))
        failpoints.failpoint("audit-after-commit")
        read = [item.key for item, some in zip(batch, contents, strict=True) if some is not None]
        store.delete(read)
        entry_count += len(entries)
        object_count += len(read)
        damaged_count += len(batch) - len(read)
    first_day = utc_day(now_ms - settings.audit_days * _DAY_MS)
    dropped_count = retried(partial(_drop, table, f"{first_day}"))
    return AuditCompaction(entry_count, object_count, dropped_count, damaged_count)


def _read(store: Store, item: ObjectInfo) -> list[AuditLogEntry] | None:
    """Read an object; None if it is damaged, no entries if it is in the table by now."""
    try:
        return audit_entries.read(store, item.key)
    except ObjectMissing:
        return []
    except Damaged as error:
        _log.error("audit object damaged", key=item.key, error=str(error))
        return None


def _add(table: Table, entries: list[AuditLogEntry]) -> None:
    """Add entries to the table's days."""
    new = pl.DataFrame(
        [_row(entry) for entry in entries], schema=POLARS_SCHEMAS["audit"], orient="row"
    )
    parts = set(new["part"])
    snapshot = table.snapshot()
    with reading("audit"):
        files = snapshot.of_parts(parts)
        day = pl.col("at").dt.strftime("%Y-%m-%d")
        old = snapshot.scan(files).with_columns(part=day).select(*POLARS_SCHEMAS["audit"]).collect()
    rows = pl.concat([old, new]).unique("entry_id", keep="first")
    if len(rows) > len(old):
        failpoints.failpoint("audit-before-commit")
        table.replace(parts, rows.sort("website_id", "entry_id").to_arrow())


def _drop(table: Table, first_day: str) -> int:
    """Drop whole days before `first_day`; return the number of their entries."""
    old = [file for file in table.snapshot().files if file.part < first_day]
    if old:
        empty = pl.DataFrame(schema=POLARS_SCHEMAS["audit"]).to_arrow()
        table.replace({file.part for file in old}, empty)
    return sum(file.row_count for file in old)


def _rows(
    store: Store,
    website_id: str,
    from_at: datetime | None,
    to_at: datetime | None,
    limit: int,
    cursor: str | None,
) -> list[AuditLogEntry]:
    """Return the newest `limit` entries, reading as few days as possible."""
    first = f"{from_at.astimezone(UTC).date()}" if from_at else ""
    last = f"{to_at.astimezone(UTC).date()}" if to_at else "~"
    if cursor is not None:
        last = min(last, f"{ids.day_of(cursor)}")
    snapshot = Table(store, "audit").snapshot()
    files = sorted(
        (
            file
            for file in snapshot.files
            if first <= file.part <= last and file.may_hold("website_id", website_id, website_id)
        ),
        key=lambda file: file.part,
        reverse=True,
    )
    entries: list[AuditLogEntry] = []
    for start in range(0, len(files), _FILES_AT_ONCE):
        rows = snapshot.scan(files[start : start + _FILES_AT_ONCE]).filter(website_id=website_id)
        if from_at is not None:
            rows = rows.filter(pl.col("at") >= from_at)
        if to_at is not None:
            rows = rows.filter(pl.col("at") < to_at)
        if cursor is not None:
            rows = rows.filter(pl.col("entry_id") < cursor)
        with reading("audit"):
            newest = rows.top_k(limit - len(entries), by="entry_id").collect()
        entries += [_entry(row) for row in newest.iter_rows(named=True)]
        if len(entries) >= limit:
            break
    return entries


def _row(entry: AuditLogEntry) -> dict[str, Any]:
    return {
        "part": entry.at[:10],
        "website_id": entry.website_id,
        "entry_id": entry.entry_id,
        "at": datetime.fromisoformat(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "details": msgspec.json.encode(entry.details).decode(),
    }


def _entry(row: dict[str, Any]) -> AuditLogEntry:
    details = msgspec.json.decode(row.pop("details"))
    return AuditLogEntry(**row | {"at": _iso(row["at"]), "details": details})


def _iso(at: datetime) -> str:
    return iso(round(at.timestamp() * 1000))
