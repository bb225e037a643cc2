"""Rows by session: read, replaced and removed.

A session's rows are in its hot part or, once its day is cold, in its cold part; new sessions start
hot. A replacement looks into both, so that the move of a day never leaves a second row behind.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pyarrow as pa

from lake import ids
from lake.errors import Conflict
from lake.tables.delta_table import POLARS_SCHEMAS, Snapshot, Table, TableFile, reading
from lake.tables.partitions import cold_part, hot_part, may_hold
from lake.tables.schemas import SCHEMAS

SessionKey = tuple[str, str]  # (website_id, session_id)

_ROWS_MAX = (
    100_000  # remaining rows of the parts that one commit rewrites, unless one part has more
)


def files_of(snapshot: Snapshot, keys: Iterable[SessionKey]) -> list[TableFile]:
    """Return the files that may hold rows of these sessions; an id without a day has none."""
    wanted: dict[str, list[str]] = {}
    for website_id, session_id in keys:
        if not ids.is_uuid7(session_id):
            continue
        wanted.setdefault(hot_part(session_id), []).append(session_id)
        cold = cold_part(ids.day_of(session_id), website_id)
        wanted.setdefault(cold, []).append(session_id)
    bounds = {part: (min(session_ids), max(session_ids)) for part, session_ids in wanted.items()}
    return [
        file
        for file in snapshot.files
        if file.part in bounds and file.may_hold("session_id", *bounds[file.part])
    ]


def rows_of(snapshot: Snapshot, keys: Iterable[SessionKey]) -> pl.DataFrame:
    """Return the rows of these sessions, with `part`."""
    wanted = list(keys)
    frames = [
        _with_part(file, _of_sessions(snapshot.scan([file]), wanted))
        for file in files_of(snapshot, wanted)
    ]
    return pl.concat([pl.DataFrame(schema=POLARS_SCHEMAS[snapshot.name]), *frames])


def keys_in(snapshot: Snapshot, keys: Iterable[SessionKey]) -> set[SessionKey]:
    """Return those of these sessions that have a row."""
    wanted = list(keys)
    rows = _of_sessions(snapshot.scan(files_of(snapshot, wanted)), wanted)
    with reading(snapshot.name):
        return set(rows.select("website_id", "session_id").collect().iter_rows())


def without_sessions(rows: pl.LazyFrame, keys: Iterable[SessionKey]) -> pl.LazyFrame:
    """Return the rows without those of these sessions."""
    return rows.join(_keys_frame(keys), on=["website_id", "session_id"], how="anti")


def replace(
    table: Table,
    snapshot: Snapshot,
    parts: Mapping[SessionKey, str],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Replace all rows of the sessions in `parts` by `rows`, in one commit.

    Args:
        table: The table whose last snapshot is `snapshot`.
        parts: The sessions, each with the part of its new rows.
        rows: The new rows, without `part`; a session without any is removed.

    Raises:
        Conflict: A part changed since the snapshot: read again and start over.
    """
    new_rows = [{**row, "part": parts[row["website_id"], row["session_id"]]} for row in rows]
    touched = {file.part for file in files_of(snapshot, parts)} | {row["part"] for row in new_rows}
    if not touched:
        return
    remaining = [
        _with_part(file, without_sessions(snapshot.scan([file]), parts))
        for file in snapshot.of_parts(touched)
    ]
    schema = SCHEMAS[table.name]
    added = pl.from_arrow(pa.Table.from_pylist(new_rows, schema))
    table.replace(touched, sorted_rows(table.name, pl.concat([*remaining, pl.DataFrame(added)])))


def sorted_rows(name: str, rows: pl.DataFrame) -> pa.Table:
    """Return rows in the order of the files: by website, newest session first."""
    numbers = [column for column in rows.columns if column.endswith("_no")]
    by = ["website_id", "started_at", "session_id", *numbers]
    ordered = rows.select(SCHEMAS[name].names).sort(
        by, descending=[column == "started_at" for column in by]
    )
    return ordered.to_arrow().cast(SCHEMAS[name])


def files_of_day(
    snapshot: Snapshot, day: date, websites: Collection[str] | None = None
) -> list[TableFile]:
    """Return the files that may hold rows of sessions that began on `day` (UTC).

    Args:
        websites: Only of these; None for all.
    """
    first = datetime.combine(day, time.min, UTC)
    last = first + timedelta(days=1) - timedelta(microseconds=1)
    return [
        file
        for file in snapshot.files
        if file.may_hold("started_at", first, last)
        and (websites is None or any(may_hold_website(file, website_id) for website_id in websites))
    ]


def may_hold_website(file: TableFile, website_id: str) -> bool:
    """Whether a file may contain rows of a website."""
    return may_hold(file.part, website_id) and file.may_hold("website_id", website_id, website_id)


def rows_of_day(snapshot: Snapshot, day: date) -> pl.LazyFrame:
    """Return the rows of sessions that began on `day` (UTC), without `part`."""
    return snapshot.scan(files_of_day(snapshot, day)).filter(on_day(day))


def on_day(day: date) -> pl.Expr:
    """Whether a session began on `day` (UTC)."""
    first = datetime.combine(day, time.min, UTC)
    return (pl.col("started_at") >= first) & (pl.col("started_at") < first + timedelta(days=1))


def remove(
    table: Table,
    snapshot: Snapshot,
    files: Iterable[TableFile],
    unwanted: pl.Expr,
    *,
    count: Callable[[int], None] = lambda _: None,
) -> None:
    """Remove the rows of `files` that match `unwanted`.

    In several commits if many rows remain in the parts, so that memory is bounded.

    Args:
        count: Called after each commit with the number of rows that it removed.

    Raises:
        Conflict: A part changed since the snapshot: read again and start over. Rows of earlier
            commits stay removed.
    """
    counts: dict[str, int] = {}
    for file in files:
        rows = snapshot.scan([file]).filter(unwanted).select(pl.len()).collect().item()
        if rows:
            counts[file.part] = counts.get(file.part, 0) + rows
    now = snapshot
    for number, parts in enumerate(_groups(snapshot, counts)):
        if number:
            now = table.snapshot()  # the last commit was ours or another writer's
            if now.of_parts(parts) != snapshot.of_parts(parts):
                raise Conflict(f"{table.name}: another writer changed one of {', '.join(parts)}")
        # A part at a time: sorting takes several times what it sorts.
        remaining = [
            sorted_rows(table.name, _remaining_rows(now.of_parts([part]), now, unwanted))
            for part, row_count in parts.items()
            if row_count
        ]
        table.replace(parts, pa.concat_tables([SCHEMAS[table.name].empty_table(), *remaining]))
        count(sum(counts[part] for part in parts))


def _groups(snapshot: Snapshot, counts: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yield groups of parts with the number of rows that remain in each."""
    group: dict[str, int] = {}
    for part, count in sorted(counts.items()):
        remaining = sum(file.row_count for file in snapshot.of_parts([part])) - count
        if group and sum(group.values()) + remaining > _ROWS_MAX:
            yield group
            group = {}
        group[part] = remaining
    if group:
        yield group


def _remaining_rows(
    files: Iterable[TableFile], snapshot: Snapshot, unwanted: pl.Expr
) -> pl.DataFrame:
    return pl.concat([_with_part(file, snapshot.scan([file]).filter(~unwanted)) for file in files])


def _with_part(file: TableFile, rows: pl.LazyFrame) -> pl.DataFrame:
    return rows.select(pl.lit(file.part).alias("part"), pl.all()).collect()


def _keys_frame(keys: Iterable[SessionKey]) -> pl.LazyFrame:
    schema = {"website_id": pl.String, "session_id": pl.String}
    return pl.LazyFrame(list(keys), schema=schema, orient="row")


def _of_sessions(rows: pl.LazyFrame, keys: Iterable[SessionKey]) -> pl.LazyFrame:
    """Filter by website and session: two websites may have the same session id."""
    wanted = list(keys)
    if len(wanted) == 1:
        ((website_id, session_id),) = wanted
        return rows.filter(website_id=website_id, session_id=session_id)
    return rows.join(_keys_frame(wanted), on=["website_id", "session_id"], how="semi")
