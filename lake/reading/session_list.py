"""The list of a website's sessions: filtered, sorted, counted, a page at a time.

Rows come from the table's files (`lake.reading.match_cache`) and from the sessions with pending
chunks, which replace their own rows in the table.
"""

import base64
import binascii
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import NamedTuple

import msgspec
import polars as pl

from lake import ids
from lake.control import websites
from lake.control.tombstones import Tombstones
from lake.control.websites import Website
from lake.errors import BadInput, IdMalformed
from lake.reading.lake_snapshot import Lake
from lake.reading.match_cache import (
    FAR_FUTURE,
    LIST_COLUMNS,
    UNSCORED,
    Matches,
    MatchQuery,
    find_matches,
)
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.session_filters import SORTS, SessionQuery, filter_expression, is_live
from lake.tables.delta_table import POLARS_SCHEMAS, Snapshot, TableFile, reading
from lake.tables.row_builders import Row, users_of, visitors_of
from lake.tables.session_rows import may_hold_website

_TIES_MAX = 2_000  # rows of one second that are read to order them by id


class CursorMalformed(BadInput):
    """A cursor is invalid, or belongs to a list with another sort."""

    kind = "cursor-malformed"


class SessionListPage(NamedTuple):
    """One page. `rows` are those of `sessions` without `urls`, with `is_live`.

    `total` counts all pages.
    """

    rows: list[Row]
    next_cursor: str | None
    total: int


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    sort: str
    value: int
    session_id: str

    @property
    def second(self) -> int:
        return ids.at_ms_of(self.session_id) // 1000

    def is_before(self, row: Row) -> bool:
        """Whether a row comes after this one in the list."""
        return (_value(row, self.sort), row["session_id"]) < (self.value, self.session_id)


@retry_on_newer_snapshot
def list_sessions(lake: Lake, website: Website, query: SessionQuery) -> SessionListPage:
    """Return one page of a website's sessions.

    Raises:
        CursorMalformed: `query.cursor` belongs to another list.
        Damaged, StoreUnavailable.
    """
    cursor = _decode(query.cursor, query.sort) if query.cursor is not None else None
    snapshot, pending = lake.snapshot_with_sessions(website.website_id)
    now_ms = lake.now_ms()
    tombstones = lake.tombstones.read(website.website_id)  # after the view, to hide what that shows
    live = is_live(now_ms, lake.settings.live_s)
    first_day = websites.first_retained_day(website, lake.settings, now_ms=now_ms)
    first_at = datetime.combine(first_day, time.min, UTC)
    wanted = filter_expression(website.website_id, first_at, query)
    # Which sort, cursor and limit are asked for does not change what matches.
    name: str | None = repr((website.website_id, first_at, _bare(query)))
    if query.live is not None:
        wanted &= live == query.live
        name = None  # it depends on the time
    pending_ = pending.rows.lazy().filter(wanted).select(LIST_COLUMNS)
    hidden = lake.erased_rows(snapshot, tombstones)
    replaced = pl.concat([pending.replaced_rows, hidden]).lazy().filter(wanted).select("session_id")
    fresh_frame, replaced_rows = pl.collect_all([pending_, replaced.unique()])
    fresh_rows = [row for row in fresh_frame.to_dicts() if not _is_hidden(tombstones, row)]

    sessions = snapshot.tables["sessions"]
    files = _files(sessions, website.website_id, query, first_at)
    question = MatchQuery(website.website_id, wanted, name, SORTS[query.sort])
    matches = find_matches(lake.match_cache, sessions, files, question)
    total = len(fresh_rows) - replaced_rows.height + sum(some.count for some in matches)

    replaced_ids = set(replaced_rows["session_id"])
    stored = _best(matches, query.sort, cursor, query.limit + 1 + len(replaced_ids))
    if stored is None:
        stored = _sorted(sessions.scan(files).filter(wanted), query, cursor, replaced_ids)
    rows = [
        row
        for row in stored
        if row["session_id"] not in replaced_ids and not _is_hidden(tombstones, row)
    ]
    rows += fresh_rows
    if cursor is not None:
        rows = [row for row in rows if cursor.is_before(row)]
    rows.sort(key=lambda row: (_value(row, query.sort), row["session_id"]), reverse=True)
    next_cursor = None
    if len(rows) > query.limit:
        last = rows[query.limit - 1]
        next_cursor = _encode(_Cursor(query.sort, _value(last, query.sort), last["session_id"]))
    return SessionListPage(_with_live(rows[: query.limit], live), next_cursor, total)


def _is_hidden(tombstones: Tombstones, row: Row) -> bool:
    return tombstones.is_erased(row["session_id"], visitors=visitors_of(row), users=users_of(row))


def _bare(query: SessionQuery) -> SessionQuery:
    return replace(query, cursor=None, limit=0, sort="")


def _files(
    sessions: Snapshot, website_id: str, query: SessionQuery, first_at: datetime
) -> list[TableFile]:
    """Return the files that may hold wanted rows."""
    low = max(query.from_at or first_at, first_at)
    high = query.to_at or FAR_FUTURE
    return [
        file
        for file in sessions.files
        if may_hold_website(file, website_id) and file.may_hold("started_at", low, high)
    ]


def _best(
    matches: list[Matches], sort: str, cursor: _Cursor | None, count: int
) -> list[Row] | None:
    """Return at least the first `count` rows behind the cursor, if there are so many.

    More where sessions began in the same second: their ids decide, which are not in memory.
    None: they are too many.
    """
    by = ["second"] if SORTS[sort] is None else ["value", "second"]
    best: pl.DataFrame | None = None
    for number, some in enumerate(matches):
        rows = some.rows().with_columns(number=pl.lit(number))
        if cursor is not None:
            rows = rows.filter(_at_or_behind(by, cursor))
            count += rows.select(_at(by, cursor).sum()).item()  # some of these are before it
        best = _top(rows if best is None else pl.concat([best, rows]), by, count)
        if by == ["second"] and number + 1 < len(matches) and best.height >= count:
            newest_left = matches[number + 1].newest_at.timestamp() // 1
            if (best["second"] > newest_left).all():
                break
    if best is None:
        return []
    if best.height > count + _TIES_MAX:
        return None
    return [
        row
        for (number,), rows in best.group_by("number")
        for row in matches[number].read(rows["row"].to_list())
    ]


def _sorted(
    rows: pl.LazyFrame, query: SessionQuery, cursor: _Cursor | None, tombstones: set[str]
) -> list[Row]:
    """Return the first rows behind the cursor by reading everything: many began at once."""
    by = [_value_of(query.sort).alias("sort_value"), pl.col("session_id")]
    rows = rows.with_columns(by[0]).filter(~pl.col("session_id").is_in(list(tombstones)))
    if cursor is not None:
        is_same, is_older = pl.col("sort_value") == cursor.value, by[1] < cursor.session_id
        rows = rows.filter((pl.col("sort_value") < cursor.value) | (is_same & is_older))
    with reading("sessions"):
        top = rows.top_k(query.limit + 1, by=["sort_value", "session_id"])
        return top.select(LIST_COLUMNS).collect().to_dicts()


def _top(rows: pl.DataFrame, by: list[str], count: int) -> pl.DataFrame:
    """Return the `count` greatest rows in no order, and those that equal the last of them.

    Column by column, as a sort by several columns would build a key for each row.
    """
    sure = []
    for column in by:
        if rows.height <= count:
            break
        least = rows[column].top_k(count).min()
        sure.append(rows.filter(pl.col(column) > least))
        rows = rows.filter(pl.col(column) == least)
        count -= sure[-1].height
    return pl.concat([*sure, rows])


def _at(by: list[str], cursor: _Cursor) -> pl.Expr:
    """Whether a row has the cursor's place but for its id."""
    is_there = pl.col("second") == cursor.second
    return is_there & (pl.col("value") == cursor.value) if "value" in by else is_there


def _at_or_behind(by: list[str], cursor: _Cursor) -> pl.Expr:
    is_older = pl.col("second") <= cursor.second
    if "value" not in by:
        return is_older
    value = pl.col("value")
    return (value < cursor.value) | ((value == cursor.value) & is_older)


def _value_of(sort: str) -> pl.Expr:
    column = SORTS[sort]
    return pl.lit(0) if column is None else pl.col(column).cast(pl.Int64).fill_null(UNSCORED)


def _value(row: Row, sort: str) -> int:
    column = SORTS[sort]
    value = 0 if column is None else row[column]
    return UNSCORED if value is None else int(value)


def _with_live(rows: list[Row], live: pl.Expr) -> list[Row]:
    """Return copies with `is_live`."""
    if not rows:
        return []
    needed = {name: POLARS_SCHEMAS["sessions"][name] for name in ("started_at", "duration_ms")}
    lives = pl.DataFrame([[row[name] for name in needed] for row in rows], needed, orient="row")
    return [
        row | {"is_live": is_live}
        for row, (is_live,) in zip(rows, lives.select(live).rows(), strict=True)
    ]


def _encode(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _decode(text: str, sort: str) -> _Cursor:
    try:
        body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.json.decode(body, type=_Cursor)
        ids.day_of(ids.check_uuid7(cursor.session_id, "cursor"))
    except (binascii.Error, msgspec.DecodeError, ValueError, IdMalformed) as error:
        raise CursorMalformed(
            "cursor is not one of this list: begin without, then use nextCursor"
        ) from error
    if cursor.sort != sort:
        raise CursorMalformed(
            f"cursor belongs to sort={cursor.sort[:20]}: begin the list again without one"
        )
    return cursor
