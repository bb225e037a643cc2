"""Every invariant of a lake, looked at anew: what is broken, and where.

Reads all that is stored, so it takes as long as reading it; memory holds a part's rows and a frame.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl

from lake import ids, keys, merge, segments, websites
from lake.compaction.known import file_key
from lake.compaction.session import rows_from_file
from lake.errors import BadInput, Damaged, LakeError, ObjectMissing
from lake.generations import sha256_of
from lake.maintenance import days_under, orphans_of_day
from lake.session_files import SessionFile
from lake.settings import Settings
from lake.store import Store
from lake.summaries import summary_of
from lake.tables.rows import Row
from lake.tables.schemas import DERIVED, SCHEMAS, SCORE_COLUMNS
from lake.tables.sessions import Key, rows_of_day
from lake.tables.table import Snapshot, Table

_SUMMARY_AGE = timedelta(days=2)  # younger ones are about to be made
_SWEPT_AGE = timedelta(days=2)  # maintenance runs every night


class Broken(NamedTuple):
    """One broken promise: its kind, the key or table, and what is wrong."""

    kind: str
    where: str
    detail: str


def check(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    report: Callable[[str], None] = lambda _: None,
) -> list[Broken]:
    """Verify the lake. A session that a compaction writes meanwhile may be named wrongly.

    Raises:
        StoreUnavailable: The store failed; nothing is known.
    """
    broken: list[Broken] = []
    snapshots: dict[str, Snapshot] = {}
    # Derived tables first: what `sessions` has and they have not is then newer, not lost.
    for name in (*DERIVED, "daily_summary", "sessions"):
        try:
            snapshots[name] = Table(store, name).snapshot()
        except LakeError as error:
            return [Broken("table-unreadable", f"tables/{name}", str(error))]
        broken += _unreadable(snapshots[name])
    if broken:
        return broken  # `replaylake rebuild` first
    names = {website.website_id for website in websites.list_all(store)}
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    for day in _days(store, snapshots):
        report(f"{day}")
        waiting = _Waiting(store, settings, day)
        broken += waiting.broken
        broken += _sessions(store, snapshots, day, waiting.sessions, names)
        broken += _orphans(store, snapshots["sessions"], day, now, settings)
        if now.date() - day > _SUMMARY_AGE:
            broken += _summary(snapshots, day)
    return broken


def _unreadable(snapshot: Snapshot) -> Iterator[Broken]:
    for file in snapshot.files:
        try:
            found = snapshot.scan([file]).select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, OSError) as error:
            yield Broken("table-file-unreadable", file.uri, str(error).split("\n", 1)[0])
        else:
            if found != file.row_count:
                detail = f"{found} rows, the log says {file.row_count}"
                yield Broken("table-file-unreadable", file.uri, detail)


def _days(store: Store, snapshots: dict[str, Snapshot]) -> list[date]:
    days = set(days_under(store, keys.RAW)) | set(days_under(store, keys.SESSIONS))
    for name in ("sessions", *DERIVED):
        rows = snapshots[name].scan().select(pl.col("started_at").dt.date().unique())
        days |= set(rows.collect()["started_at"])
    days |= set(snapshots["daily_summary"].scan().select("date").collect()["date"])
    return sorted(days)


class _Waiting:
    """The segments of a day: which sessions wait there, and which chunks are damaged."""

    def __init__(self, store: Store, settings: Settings, day: date) -> None:
        self.sessions: set[Key] = set()
        self.broken: list[Broken] = []
        for item in store.list(keys.raw_prefix(day)):
            if not keys.parse_segment_key(item.key):
                self.broken.append(Broken("foreign-object", item.key, "no segment has this name"))
                continue
            try:
                arrivals = segments.decode(store.get(item.key))
            except ObjectMissing:
                continue
            except Damaged as error:
                self.broken.append(Broken("segment-damaged", item.key, str(error)))
                continue
            for arrival in arrivals:
                self.sessions.add((arrival.website_id, arrival.session_id))
                if ids.day_of(arrival.session_id) != day:
                    detail = f"holds session {arrival.session_id} of another day"
                    self.broken.append(Broken("segment-damaged", item.key, detail))
                try:
                    merge.events_of(arrival, arrival.payload, settings)
                except Damaged as error:
                    self.broken.append(Broken("chunk-damaged", item.key, str(error)))


def _sessions(
    store: Store,
    snapshots: dict[str, Snapshot],
    day: date,
    waiting: set[Key],
    names: set[str],
) -> Iterator[Broken]:
    rows = rows_of_day(snapshots["sessions"], day).collect()
    twice = rows.group_by("website_id", "session_id").len().filter(pl.col("len") > 1)
    for website_id, session_id, count in twice.iter_rows():
        yield Broken("session-doubled", f"{website_id}/{session_id}", f"{count} rows in sessions")
    derived = {name: rows_of_day(snapshots[name], day).collect() for name in DERIVED}
    for name, frame in derived.items():
        lost = frame.join(rows, on=["website_id", "session_id"], how="anti")
        for website_id, session_id in lost.select("website_id", "session_id").unique().iter_rows():
            if (website_id, session_id) not in waiting:
                yield Broken("row-without-session", f"{name}: {website_id}/{session_id}", "")
    for row in rows.iter_rows(named=True):
        key = (row["website_id"], row["session_id"])
        if row["website_id"] not in names:
            yield Broken("website-unknown", "/".join(key), "its row belongs to no website")
        mine = {
            name: frame.filter(website_id=key[0], session_id=key[1]).to_dicts()
            for name, frame in derived.items()
        }
        yield from _session(store, row, None if key in waiting else mine)


def _session(store: Store, row: Row, derived: dict[str, list[Row]] | None) -> Iterator[Broken]:
    """Compare one session's rows with its file. `derived` None: they may be on their way."""
    key = file_key(row)
    where = f"{row['website_id']}/{row['session_id']}"
    try:
        sha256 = sha256_of(store, key, row["file_bytes"] + 1)
        if sha256 != row["file_sha256"]:
            yield Broken("session-file-damaged", key, "its length or hash is not the row's")
            return
        file = SessionFile(store, key)
        found = rows_from_file(file, size_bytes=row["file_bytes"], sha256=sha256)
    except ObjectMissing:
        yield Broken("session-file-missing", key, f"the row of {where} points at it")
        return
    except (Damaged, BadInput) as error:
        yield Broken("session-file-damaged", key, str(error))
        return
    if (file.header.website_id, file.header.session_id) != (row["website_id"], row["session_id"]):
        yield Broken("session-file-damaged", key, "it is another session's")
        return
    yield from _compared("sessions", where, [row], found.tables["sessions"])
    for name, rows in (derived or {}).items():
        if name != "signals":
            yield from _compared(name, where, rows, found.tables[name])


def _compared(name: str, where: str, stored: list[Row], made: list[Row]) -> Iterator[Broken]:
    """Compare rows but for scores, which a session file does not hold."""
    number = next((column for column in SCHEMAS[name].names if column.endswith("_no")), None)
    if number is not None:
        stored = sorted(stored, key=lambda row: int(row[number]))
    if len(stored) != len(made):
        yield Broken(
            "row-wrong", f"{name}: {where}", f"{len(stored)} rows, its file has {len(made)}"
        )
        return
    for is_, should in zip(stored, made, strict=True):
        wrong = [
            f"{column} is {is_[column]!r}, its file says {value!r}"
            for column, value in should.items()
            if column not in SCORE_COLUMNS
            and is_[column] != value
            and not (column == "chunks" and is_[column] is None)  # cold
        ]
        if wrong:
            yield Broken("row-wrong", f"{name}: {where}", "; ".join(wrong)[:500])


def _orphans(
    store: Store, sessions: Snapshot, day: date, now: datetime, settings: Settings
) -> Iterator[Broken]:
    """A file whose session has no row is lost; one that a newer one superseded is swept later."""
    grace = timedelta(seconds=settings.orphan_grace_s)
    rows = rows_of_day(sessions, day).select("website_id", "session_id").collect()
    known = set(rows.iter_rows())
    for item in orphans_of_day(store, day, now - grace):
        parsed = keys.parse_session_file_key(item.key)
        assert parsed is not None
        if (parsed.website_id, parsed.session_id) not in known:
            yield Broken("orphan", item.key, "its session has no row: run `replaylake rebuild`")
        elif item.modified_at < now - grace - _SWEPT_AGE:
            yield Broken("superseded", item.key, "not swept: run `replaylake maintain`")


def _summary(snapshots: dict[str, Snapshot], day: date) -> Iterator[Broken]:
    stored = snapshots["daily_summary"].scan().filter(date=day).sort("website_id").collect()
    made = summary_of(rows_of_day(snapshots["sessions"], day), day).drop("part")
    if not stored.select(made.columns).equals(made):
        yield Broken("summary-stale", f"daily_summary: {day}", "run `replaylake maintain`")
