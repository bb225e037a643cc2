"""Scores of another version computed again from the session files; nothing else changes.

Compactions, erasures and retention may run meanwhile: the slower writer is refused and starts over.
The row of `sessions` is written last, so that after a crash it still has the old version, and the
next run does the session again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice

import polars as pl

from lake import failpoints
from lake.analysis.score import SCORING_VERSION
from lake.compaction.session_writer import RewrittenSession, rows_from_file
from lake.errors import Conflict, StoreUnavailable
from lake.retry import retried
from lake.storage.base import Store
from lake.storage.failures import reason_of
from lake.tables import session_rows
from lake.tables.compacted_sessions import open_session_file
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Snapshot, Table
from lake.tables.row_builders import Row
from lake.tables.schemas import ANALYSED, SCHEMAS
from lake.tables.session_rows import SessionKey, rows_of, rows_of_day

_BATCH = 500  # sessions of one commit
_ORDER = ("signals", "pages", "errors", "sessions")


@dataclass(kw_only=True)
class RescoreReport:
    """Result for one day.

    `skipped_count` counts sessions that have the scores of this version already. `failed` maps
    sessions whose files could not be read to the reason.
    """

    day: date
    session_count: int = 0
    skipped_count: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def rescore_day(store: Store, day: date, *, again: bool = False) -> RescoreReport:
    """Score the compacted sessions that began on `day` (UTC). May be repeated.

    Args:
        again: Also score sessions that have the scores of this version.

    Raises:
        Conflict: Other writers were faster each time; run it again.
        StoreUnavailable.
    """
    done = RescoreReport(day=day)
    rows = rows_of_day(Table(store, "sessions").snapshot(), day)
    is_old = pl.col("scoring_version").fill_null(0) != SCORING_VERSION
    keys = rows.select("website_id", "session_id", is_old=is_old | pl.lit(again)).collect()
    todo = iter(sorted(keys.filter("is_old").select("website_id", "session_id").iter_rows()))
    while batch := list(islice(todo, _BATCH)):
        done.session_count += retried(partial(_rescore, store, batch, done))
    done.skipped_count = keys.height - done.session_count - len(done.failed)
    if done.session_count:
        retried(partial(summarise_day, store, day))
    return done


def _rescore(store: Store, batch: list[SessionKey], done: RescoreReport) -> int:
    tables = {name: Table(store, name) for name in _ORDER}
    snapshots = {name: table.snapshot() for name, table in tables.items()}
    compacted = {_key(row): row for row in rows_of(snapshots["sessions"], batch).to_dicts()}
    made: dict[SessionKey, RewrittenSession] = {}
    for key, row in compacted.items():
        try:
            file = open_session_file(store, row)
            made[key] = rows_from_file(
                file, size_bytes=row["file_bytes"], sha256=row["file_sha256"]
            )
        except (Conflict, MemoryError, OSError, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - other sessions must not wait for this one
            done.failed["/".join(key)] = reason_of(error)
    parts = {key: compacted[key]["part"] for key in made}
    for name in _ORDER:
        rescored = list(_merged(name, snapshots[name], made))
        session_rows.replace(tables[name], snapshots[name], parts, rescored)
        failpoints.failpoint("rescore-after-table")
    return len(made)


def _merged(
    name: str, snapshot: Snapshot, made: Mapping[SessionKey, RewrittenSession]
) -> Iterator[Row]:
    """Yield a table's rows of these sessions with new values in the columns of the analysis."""
    if name == "signals":
        for result in made.values():
            yield from result.tables[name]
        return
    numbers = [column for column in SCHEMAS[name].names if column.endswith("_no")]
    new = {_place(row, numbers): row for row in _all(made, name)}
    for row in rows_of(snapshot, made).drop("part").to_dicts():
        rescored = new.get(_place(row, numbers), row)
        yield row | {column: rescored[column] for column in ANALYSED[name]}


def _all(made: Mapping[SessionKey, RewrittenSession], name: str) -> Iterable[Row]:
    return (row for result in made.values() for row in result.tables[name])


def _place(row: Row, numbers: list[str]) -> tuple[object, ...]:
    return (*_key(row), *(row[number] for number in numbers))


def _key(row: Row) -> SessionKey:
    return row["website_id"], row["session_id"]
