"""The list of a website's sessions: filtered, sorted, a page at a time, counted.

Rows come from the table's files, newest first and stopping when the page is full, and from the
sessions with waiting chunks, which take the place of their own rows. A file never changes, so
that how many of its rows match a filter is counted once.
"""

import base64
import binascii
import threading
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

import msgspec
import polars as pl

from lake import websites
from lake.errors import BadInput
from lake.filters import SORTS, SessionQuery, condition, is_live
from lake.tables.rows import Row
from lake.tables.table import Snapshot, TableFile
from lake.view import RECEIVED_AT, Lake, View
from lake.websites import Website

_COUNTS_MAX = 50_000
_NOTHING = -(2**62)  # sorts behind every value: an unscored session


class CursorMalformed(BadInput):
    """A cursor is not one that a list gave, or belongs to another sort."""

    kind = "cursor-malformed"


class Listing(NamedTuple):
    """One page. `rows` are rows of `sessions` and `is_live`; `total` counts all pages."""

    rows: list[Row]
    next_cursor: str | None
    total: int


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    sort: str
    value: int
    session_id: str


class Counts:
    """How many rows of a file match a filter, for the files and filters asked for last."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, snapshot: Snapshot, files: list[TableFile], wanted: pl.Expr, name: str) -> int:
        """Return the number of matching rows in all `files`. `name` identifies the filter."""
        with self._lock:
            known = {file.uri: self._counts.get((file.uri, name)) for file in files}
        missing = [file for file in files if known[file.uri] is None]
        frames = [snapshot.scan([file]).filter(wanted).select(pl.len()) for file in missing]
        for file, frame in zip(missing, pl.collect_all(frames), strict=True):
            known[file.uri] = int(frame.item())
        with self._lock:
            for file in files:
                self._counts[file.uri, name] = known[file.uri] or 0
                self._counts.move_to_end((file.uri, name))
            while len(self._counts) > _COUNTS_MAX:
                self._counts.popitem(last=False)
        return sum(count or 0 for count in known.values())


_COUNTS = Counts()


def list_sessions(lake: Lake, website: Website, query: SessionQuery) -> Listing:
    """Return one page of a website's sessions.

    Raises:
        CursorMalformed: `query.cursor` is not of this list.
        StoreUnavailable: The store failed.
    """
    view = lake.view()
    now_ms = lake.now_ms()
    first_at = datetime.combine(websites.first_day_kept(website, now_ms=now_ms), time.min, UTC)
    wanted = condition(website.website_id, first_at, query)
    live = is_live(now_ms, lake.settings.live_s)
    snapshot = view.tables["sessions"]
    files = _files(snapshot, website.website_id, query, first_at)
    # Cursor, limit and sort do not change a count.
    name = repr((website.website_id, first_at, replace(query, cursor=None, limit=0, sort="")))
    asked = wanted if query.live is None else wanted & (live == query.live)

    fresh = view.fresh_rows.lazy().filter(asked)
    rows = _page(view, files, asked, fresh, query)
    total = fresh.select(pl.len()).collect().item()
    if query.live is None:
        total += _COUNTS.count(snapshot, files, wanted, name)
        total -= view.replaced_rows.lazy().filter(wanted).select(pl.len()).collect().item()
    else:
        total += _stored(view, files, asked).select(pl.len()).collect().item()
    shown = rows.head(query.limit).with_columns(is_live=live)
    next_cursor = None
    if rows.height > query.limit:
        last = shown.row(-1, named=True)
        next_cursor = _encode(_Cursor(query.sort, _value(last, query.sort), last["session_id"]))
    return Listing(shown.drop(RECEIVED_AT).to_dicts(), next_cursor, total)


def _files(
    snapshot: Snapshot, website_id: str, query: SessionQuery, first_at: datetime
) -> list[TableFile]:
    """Return the files that may hold wanted rows, those with the newest sessions first."""
    low = max(query.from_at or first_at, first_at)
    high = query.to_at or datetime.max.replace(tzinfo=UTC)
    files = [
        file
        for file in snapshot.files
        if file.may_hold("website_id", website_id, website_id)
        and file.may_hold("started_at", low, high)
    ]
    return sorted(files, key=lambda file: file.max["session_id"] or "~", reverse=True)


def _stored(view: View, files: list[TableFile], asked: pl.Expr) -> pl.LazyFrame:
    """Return the table's rows but for those that waiting chunks have changed."""
    stored = view.tables["sessions"].scan(files)
    stored = stored.with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias(RECEIVED_AT))
    keys = view.replaced_rows.select("website_id", "session_id").lazy()
    if view.replaced_rows.height:
        stored = stored.join(keys, on=["website_id", "session_id"], how="anti")
    return stored.filter(asked)


def _page(
    view: View, files: list[TableFile], asked: pl.Expr, fresh: pl.LazyFrame, query: SessionQuery
) -> pl.DataFrame:
    """Return the rows behind the cursor, one more than the page holds if there are more."""
    count = query.limit + 1
    behind = _behind(query)
    by = [_sort_value(query.sort), pl.col("session_id")]
    fresh_rows = fresh.filter(behind).sort(by, descending=True).head(count).collect()
    if query.sort != "recent":
        candidates = _stored(view, files, asked & behind).select(*by)
        found = candidates.top_k(count, by=["sort_value", "session_id"]).collect()
        ids = found["session_id"].to_list()
        # A session id alone may be two websites'; the filter knows whose is asked for.
        rows = _stored(view, files, asked & pl.col("session_id").is_in(ids)).collect()
        return pl.concat([fresh_rows, rows]).sort(by, descending=True).head(count)
    rows = fresh_rows
    for file in files:
        if rows.height >= count and (file.max["session_id"] or "~") < rows["session_id"][count - 1]:
            break
        found = _stored(view, [file], asked & behind).top_k(count, by="session_id").collect()
        rows = pl.concat([rows, found]).sort("session_id", descending=True).head(count)
    return rows


def _sort_value(sort: str) -> pl.Expr:
    column = SORTS[sort]
    value = pl.lit(0) if column is None else pl.col(column).fill_null(_NOTHING)
    return value.cast(pl.Int64).alias("sort_value")


def _value(row: dict[str, Any], sort: str) -> int:
    column = SORTS[sort]
    value = 0 if column is None else row[column]
    return _NOTHING if value is None else int(value)


def _behind(query: SessionQuery) -> pl.Expr:
    if query.cursor is None:
        return pl.lit(value=True)
    cursor = _decode(query.cursor, query.sort)
    older = pl.col("session_id") < cursor.session_id
    if query.sort == "recent":
        return older
    value = _sort_value(query.sort)
    return (value < cursor.value) | ((value == cursor.value) & older)


def _encode(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _decode(text: str, sort: str) -> _Cursor:
    try:
        body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.json.decode(body, type=_Cursor)
    except (binascii.Error, msgspec.DecodeError, ValueError, UnicodeEncodeError) as error:
        raise CursorMalformed(
            "cursor is not one of this list: begin without, then use nextCursor"
        ) from error
    if cursor.sort != sort:
        raise CursorMalformed(
            f"cursor belongs to sort={cursor.sort[:20]}: begin the list again without one"
        )
    return cursor
