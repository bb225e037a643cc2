"""Checks of every row against its session file, and of every file against the rows."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from lake.analysis.score import SCORING_VERSION
from lake.compaction.session_writer import rows_from_file
from lake.erasure.lookup import people_in_file
from lake.errors import BadInput, Damaged, ObjectMissing
from lake.operations.check.deleted_data import DeletedData
from lake.operations.check.finding import CheckFinding
from lake.operations.file_generations import sha256_of
from lake.operations.maintenance import unreferenced_files
from lake.sessions.session_file import SessionFile
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.compacted_sessions import file_key
from lake.tables.daily_summary import summary_of
from lake.tables.delta_table import Snapshot
from lake.tables.row_builders import Row, unpack_chunks, users_of, visitors_of
from lake.tables.schemas import ANALYSED, DERIVED, SCHEMAS
from lake.tables.session_rows import SessionKey, rows_of_day

_KEY = ["website_id", "session_id"]
_SWEPT_AGE = timedelta(days=2)  # maintenance runs every night
_Rows = dict[tuple[Any, ...], pl.DataFrame]


def rows(
    store: Store,
    snapshots: dict[str, Snapshot],
    day: date,
    waiting: set[SessionKey],
    names: set[str],
    deleted: DeletedData,
) -> Iterator[CheckFinding]:
    """Check the rows of a day.

    Args:
        waiting: Sessions with pending chunks, whose derived rows may not be committed yet.
        names: The ids of all websites.
    """
    sessions = rows_of_day(snapshots["sessions"], day).collect()
    derived = {name: rows_of_day(snapshots[name], day).collect() for name in DERIVED}
    for name, frame in derived.items():
        lost = frame.join(sessions, on=_KEY, how="anti")
        for website_id, session_id in lost.select(_KEY).unique().iter_rows():
            if (website_id, session_id) not in waiting:
                where, key = f"{name}: {website_id}/{session_id}", (website_id, session_id)
                yield CheckFinding("row-without-session", where, "", key, day)
    mine: dict[str, _Rows] = {
        name: frame.partition_by(_KEY, as_dict=True) for name, frame in derived.items()
    }
    seen: set[SessionKey] = set()
    for row in sessions.iter_rows(named=True):
        key = (row["website_id"], row["session_id"])
        where = "/".join(key)
        if key in seen:
            yield CheckFinding("session-doubled", where, "more than one row in sessions", key, day)
            continue
        seen.add(key)
        if key[0] not in names:
            yield CheckFinding("website-unknown", where, "its row belongs to no website", key, day)
        if why := deleted.reason_deleted(*key, visitors=visitors_of(row), users=users_of(row)):
            yield CheckFinding(why[0], where, why[1], key, day)
        of_tables = {
            name: parts[key].to_dicts() if key in parts else [] for name, parts in mine.items()
        }
        for kind, place, detail in _session(store, row, None if key in waiting else of_tables):
            yield CheckFinding(kind, place, detail, key, day)


def files(
    store: Store,
    sessions: Snapshot,
    day: date,
    now: datetime,
    settings: Settings,
    deleted: DeletedData,
) -> Iterator[CheckFinding]:
    """Check session files that no row points at.

    If its session has no row, a file is an orphan. If a newer file superseded it, maintenance
    deletes it later.
    """
    for item in store.list(keys.session_prefix(day)):
        if not keys.parse_session_file_key(item.key):
            yield CheckFinding("foreign-object", item.key, "no session file has this name", day=day)
    grace = timedelta(seconds=settings.orphan_grace_s)
    for leftover in unreferenced_files(store, sessions, day, now - grace):
        item, key = leftover.item, leftover.session
        people = people_in_file(store, item.key)._asdict()
        if leftover.is_superseded:
            if item.modified_at < now - grace - _SWEPT_AGE:
                detail = "not swept: run `replaylake maintain`"
                yield CheckFinding("superseded", item.key, detail, key, day)
        elif why := deleted.reason_deleted(*key, **people):
            yield CheckFinding(why[0], item.key, why[1], key, day)
        elif leftover.has_row:
            detail = "it holds chunks that its session's file has not: run `replaylake repair`"
            yield CheckFinding("unmerged", item.key, detail, key, day)
        elif not deleted.is_gone(*key, **people):
            detail = "its session has no row: run `replaylake repair`"
            yield CheckFinding("orphan", item.key, detail, key, day)


def summary(snapshots: dict[str, Snapshot], day: date) -> Iterator[CheckFinding]:
    """Compare a day's summaries with its sessions."""
    stored = snapshots["daily_summary"].scan().filter(date=day).sort("website_id").collect()
    made = summary_of(snapshots, day).drop("part")
    if not stored.select(made.columns).equals(made):
        where = f"daily_summary: {day}"
        yield CheckFinding("summary-stale", where, "run `replaylake maintain`", day=day)


_Problem = tuple[str, str, str]


def _session(store: Store, row: Row, derived: dict[str, list[Row]] | None) -> Iterator[_Problem]:
    """Compare one session's rows with its file. `derived` None: they may not be committed yet."""
    key = file_key(row)
    where = f"{row['website_id']}/{row['session_id']}"
    try:
        sha256 = sha256_of(store, key, row["file_bytes"] + 1)
        if sha256 != row["file_sha256"]:
            yield "session-file-damaged", key, "its length or hash is not the row's"
            return
        file = SessionFile(store, key)
        if (file.header.website_id, file.header.session_id) != (
            row["website_id"],
            row["session_id"],
        ):
            yield "session-file-damaged", key, "it is another session's"
            return
        result = rows_from_file(file, size_bytes=row["file_bytes"], sha256=sha256)
    except ObjectMissing:
        yield "session-file-missing", key, f"the row of {where} points at it"
        return
    except (Damaged, BadInput) as error:
        yield "session-file-damaged", key, str(error)
        return
    skipped = {} if row["scoring_version"] == SCORING_VERSION else ANALYSED
    yield from _compare_rows("sessions", where, [row], result.tables["sessions"], skipped)
    for name, stored in (derived or {}).items():
        if name != "signals" or not skipped:
            yield from _compare_rows(name, where, stored, result.tables[name], skipped)


def _compare_rows(
    name: str,
    where: str,
    stored: list[Row],
    made: list[Row],
    skipped: Mapping[str, Collection[str]],
) -> Iterator[_Problem]:
    """Compare rows, except the columns that an analysis of another version made."""
    number = next((column for column in SCHEMAS[name].names if column.endswith("_no")), None)
    if number is not None:
        stored = sorted(stored, key=lambda row: int(row[number]))
    if len(stored) != len(made):
        yield "row-wrong", f"{name}: {where}", f"{len(stored)} rows, its file has {len(made)}"
        return
    for is_, should in zip(stored, made, strict=True):
        wrong = [
            f"{column} is {is_[column]!r}, its file says {value!r}"
            for column, value in should.items()
            if column not in skipped.get(name, ())
            and is_[column] != value
            and not (column == "chunks" and _same_chunks(is_[column], value))
        ]
        if wrong:
            yield "row-wrong", f"{name}: {where}", "; ".join(wrong)[:500]


def _same_chunks(stored: bytes | None, made: bytes) -> bool:
    """Whether both mean the same; cold parts have none, and old ones lack fields."""
    try:
        return stored is None or unpack_chunks(stored) == unpack_chunks(made)
    except ValueError:
        return False
