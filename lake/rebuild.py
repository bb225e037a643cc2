"""All tables made anew from the session files alone.

For a lake whose tables are lost or wrong. Session files are the truth; where a crash left several
of one session, it is all their chunks together. Compactions may run meanwhile: a row that one of
them wrote is seen, or refuses ours. Readers see sessions come back as the work goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby, islice

from lake import crash, erased, keys
from lake.checking.logs import log_damage
from lake.compaction.session import Rewritten
from lake.errors import Conflict, Damaged, StoreUnavailable
from lake.failures import Failures, reason_of
from lake.generations import as_one, generations
from lake.retrying import retried
from lake.scratch import scratch_folder
from lake.settings import Settings
from lake.store import Store
from lake.stored_days import days_under
from lake.summaries import summarise_day
from lake.tables import sessions as session_rows
from lake.tables.parts import hot_part
from lake.tables.schemas import DERIVED, SCHEMAS
from lake.tables.table import Table

_BATCH = 500  # sessions of one commit
_TRIES_MAX = 20


@dataclass(kw_only=True)
class Rebuilt:
    """What was done. `failed` names the files that could not be read, and why.

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
    report: Callable[[date, Rebuilt], None] = lambda _day, _done: None,
) -> Rebuilt:
    """Empty the tables and fill them again. A run that was cut off is done again whole.

    A table whose log is damaged is deleted and created: readers then have to be restarted, as
    their handles know the old one.

    Raises:
        Conflict, StoreUnavailable.
    """
    done = Rebuilt()
    for name in SCHEMAS:
        if log_damage(store, name) or not _emptied(Table(store, name)):
            store.delete([item.key for item in store.list(f"tables/{name}/")])
            done.recreated.append(name)
    crash.point("rebuild-after-delete")
    tables = {name: Table(store, name) for name in ("sessions", *DERIVED)}
    failures = Failures()
    for day in days_under(store, keys.SESSIONS):
        with failures.of(f"{day}"):
            for batch in _batches(store, day):
                _write(store, settings, tables, batch, done)
                report(day, done)
            retried(partial(summarise_day, store, day), tries_max=_TRIES_MAX)
    done.failed |= failures.found
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
    found = ((p.website_id, p.session_id) for p in parsed if p)
    sessions = (key for key, _ in groupby(found))
    while batch := list(islice(sessions, _BATCH)):
        yield batch


def _write(
    store: Store,
    settings: Settings,
    tables: dict[str, Table],
    batch: list[tuple[str, str]],
    done: Rebuilt,
) -> None:
    for attempt in range(1, _TRIES_MAX + 1):
        derived = {name: tables[name].snapshot() for name in DERIVED}
        sessions = tables["sessions"].snapshot()
        # Files are listed after the snapshot: those of rows in it are among them.
        results, failed, merged_count, aside = _results(store, settings, batch)
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
        store.delete(aside)
        done.session_count += len(results)
        done.merged_count += merged_count
        done.failed |= failed
        return


def _results(
    store: Store, settings: Settings, batch: list[tuple[str, str]]
) -> tuple[list[Rewritten], dict[str, str], int, list[str]]:
    results = []
    aside: list[str] = []
    failed: dict[str, str] = {}
    merged_count = 0
    with scratch_folder() as folder:
        gone = erased.read_many(store, {website_id for website_id, _ in batch})
        for website_id, session_id in batch:
            mine = gone.get(website_id)
            if isinstance(mine, Damaged):
                failed[f"{website_id}/{session_id}"] = str(mine)
                continue
            if mine is not None and mine.hides(session_id):
                continue  # erased; its removal was cut off, or it came back
            found = generations(store, website_id, session_id, failed)
            if not found:
                continue
            try:
                result, conflicting = as_one(store, settings, folder, found)
            except (Conflict, MemoryError, OSError, StoreUnavailable):
                raise
            except Exception as error:  # noqa: BLE001 - the others are somebody else's
                failed[f"{website_id}/{session_id}"] = reason_of(error)
                continue
            results.append(result)
            aside += conflicting
            merged_count += result.row["file_sha256"] not in {one.sha256 for one in found}
    return results, failed, merged_count, aside
