"""Rebuild of all tables from the session files alone.

For a lake whose tables are lost or wrong. Session files are the truth; where a crash left several
of one session, their chunks are merged. Compactions may run meanwhile: their rows are read, or make
our commit fail, which is then repeated. Readers see sessions return as the work goes on.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby, islice

from lake import failpoints
from lake.compaction.session_writer import RewrittenSession
from lake.control import tombstones
from lake.erasure import resurfaced
from lake.errors import Conflict, Damaged, StoreUnavailable
from lake.operations.check.delta_logs import log_damage
from lake.operations.file_generations import (
    merge_generations,
    people_in_generations,
    read_generations,
)
from lake.retry import retried
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.failures import Failures, reason_of
from lake.storage.scratch import scratch_folder
from lake.storage.stored_days import days_under
from lake.tables import session_rows
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Table
from lake.tables.partitions import hot_part
from lake.tables.row_builders import people_of
from lake.tables.schemas import DERIVED, SCHEMAS

_BATCH = 500  # sessions of one commit
_TRIES_MAX = 20


@dataclass(kw_only=True)
class RebuildReport:
    """Result of a rebuild. `failed` maps files that could not be read to the reason.

    `recreated` are the tables that could not be emptied.
    """

    session_count: int = 0
    merged_count: int = 0
    recreated: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def rebuild(
    store: Store,
    settings: Settings,
    *,
    now_ms: int | None = None,
    report: Callable[[date, RebuildReport], None] = lambda _day, _done: None,
) -> RebuildReport:
    """Empty the tables and fill them again. An interrupted run is repeated as a whole.

    A table whose log is damaged is deleted and created: readers then have to be restarted, as
    their handles know the old one.

    Args:
        now_ms: The server's clock, ms since the Unix epoch, for new erasure requests; None: the
            system's clock.

    Raises:
        Conflict, StoreUnavailable.
    """
    done = RebuildReport()
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    for name in SCHEMAS:
        if log_damage(store, name) or not _emptied(Table(store, name)):
            store.delete([item.key for item in store.list(keys.table_prefix(name))])
            done.recreated.append(name)
    failpoints.failpoint("rebuild-after-delete")
    tables = {name: Table(store, name) for name in ("sessions", *DERIVED)}
    failures = Failures()
    for day in days_under(store, keys.SESSIONS):
        with failures.of(f"{day}"):
            for batch in _batches(store, day):
                _write(store, settings, tables, batch, done, now_ms)
                report(day, done)
            retried(partial(summarise_day, store, day), tries_max=_TRIES_MAX)
    done.failed |= failures.reasons
    return done


def _emptied(table: Table) -> bool:
    """Remove all rows; False where the table cannot be read."""
    try:
        retried(partial(_empty, table), tries_max=_TRIES_MAX)
    except StoreUnavailable:
        return False
    return True


def _empty(table: Table) -> None:
    parts = {file.part for file in table.snapshot().files}
    if parts:
        table.replace(parts, SCHEMAS[table.name].empty_table())


def _batches(store: Store, day: date) -> Iterator[list[tuple[str, str]]]:
    """Yield the sessions of a day that have files, by website."""
    parsed = (keys.parse_session_file_key(i.key) for i in store.list(keys.session_prefix(day)))
    keys_of_files = ((p.website_id, p.session_id) for p in parsed if p)
    sessions = (key for key, _ in groupby(keys_of_files))
    while batch := list(islice(sessions, _BATCH)):
        yield batch


def _write(
    store: Store,
    settings: Settings,
    tables: dict[str, Table],
    batch: list[tuple[str, str]],
    done: RebuildReport,
    now_ms: int,
) -> None:
    for attempt in range(1, _TRIES_MAX + 1):
        derived = {name: tables[name].snapshot() for name in DERIVED}
        sessions = tables["sessions"].snapshot()
        # Files are listed after the snapshot, so that those of its rows are among them.
        results, failed, merged_count, quarantined = _results(store, settings, batch)
        parts = {result.key: hot_part(result.key[1]) for result in results}
        try:
            rows = [result.row for result in results]
            session_rows.replace(tables["sessions"], sessions, parts, rows)
            for name, snapshot in derived.items():
                rows = [row for result in results for row in result.tables[name]]
                session_rows.replace(tables[name], snapshot, parts, rows)
        except Conflict:
            if attempt == _TRIES_MAX:
                raise
            continue
        store.delete(quarantined)
        # Sessions that were erased meanwhile: a running erasure may have passed them already.
        written = {result.key: people_of(result.row) for result in results}
        hidden = resurfaced.erased_among(store, written)
        resurfaced.request_removal(store, hidden, now_ms=now_ms, by="rebuild", is_written=True)
        done.session_count += len(results)
        done.merged_count += merged_count
        done.failed |= failed
        return


def _results(
    store: Store, settings: Settings, batch: list[tuple[str, str]]
) -> tuple[list[RewrittenSession], dict[str, str], int, list[str]]:
    results = []
    quarantined: list[str] = []
    failed: dict[str, str] = {}
    merged_count = 0
    with scratch_folder() as folder:
        by_website = tombstones.read_many(store, {website_id for website_id, _ in batch})
        for website_id, session_id in batch:
            of_website = by_website.get(website_id)
            if isinstance(of_website, Damaged):
                failed[f"{website_id}/{session_id}"] = str(of_website)
                continue
            if of_website is not None and of_website.is_erased(session_id):
                continue  # erased; its removal was interrupted, or it came back
            files = read_generations(store, website_id, session_id, failed)
            people = people_in_generations(files)
            if of_website is not None and of_website.is_erased(session_id, **people._asdict()):
                continue
            if not files:
                continue
            try:
                result, conflicting = merge_generations(store, settings, folder, files)
            except (Conflict, MemoryError, OSError, StoreUnavailable):
                raise
            except Exception as error:  # noqa: BLE001 - the others are somebody else's
                failed[f"{website_id}/{session_id}"] = reason_of(error)
                continue
            results.append(result)
            quarantined += conflicting
            merged_count += result.row["file_sha256"] not in {
                generation.sha256 for generation in files
            }
    return results, failed, merged_count, quarantined
