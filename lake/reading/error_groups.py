"""JavaScript errors of a website, grouped by fingerprint, and the occurrences of a group.

Errors of compacted sessions are read here, those of pending chunks in
`lake.reading.pending_errors`.
"""

from datetime import datetime
from typing import NamedTuple

import polars as pl

from lake.control.websites import Website
from lake.reading import pending_errors
from lake.reading.lake_snapshot import Lake
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.visible_sessions import VisibleSessions, offset_ms, visible_period
from lake.tables.delta_table import POLARS_SCHEMAS, reading
from lake.tables.erased_filter import without_erased
from lake.tables.row_builders import Row

_DAYS_MAX = 366  # of one group; longer than any plan retains sessions by default
_ERRORS = {name: kind for name, kind in POLARS_SCHEMAS["errors"].items() if name != "part"}
_STARTS = ("session_id", "first_at_ms", "visitor_ids", "user_id", "user_ids")
_SESSION_MS_MAX = 7 * 86_400_000  # our recorder's end after a day; beyond, a clock has jumped
_SINCE_MS = pl.when(pl.col("offset_ms") <= _SESSION_MS_MAX).then("offset_ms").otherwise(0)
_AT = pl.col("started_at") + pl.duration(milliseconds=_SINCE_MS)
_DATE = pl.col("seen_at").dt.date().alias("date")
_COUNTS = {"count": pl.len(), "session_count": pl.col("session_id").n_unique()}


class ErrorGroupPage(NamedTuple):
    """Groups, the latest first. `total` includes those beyond the limit."""

    rows: list[Row]
    total: int


class ErrorOccurrencePage(NamedTuple):
    """Errors of one group, the latest first; `total` and `by_day` are of all of them."""

    rows: list[Row]
    total: int
    by_day: list[Row]


@retry_on_newer_snapshot
def error_groups(
    lake: Lake,
    website: Website,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    limit: int = 50,
) -> ErrorGroupPage:
    """Return the groups of a website's errors.

    Out:   fingerprint str | message str, source str, of the last error | count, session_count,
           visitor_count int | first_seen_at, last_seen_at datetime | by_day list
    `by_day` has date, count and session_count of the newest 366 UTC days with errors, the oldest
    first.

    Raises:
        StoreUnavailable: The store failed.
    """
    errors = _errors(lake, website, from_at, to_at)
    last = pl.col("message", "source").sort_by("seen_at", "session_id", "error_no").last()
    grouped = errors.group_by("fingerprint").agg(
        last,
        **_COUNTS,
        visitor_count=pl.col("visitor_id").n_unique(),
        first_seen_at=pl.col("seen_at").min(),
        last_seen_at=pl.col("seen_at").max(),
    )
    daily = errors.group_by("fingerprint", _DATE).agg(**_COUNTS)
    with reading("errors"):
        groups, days = pl.collect_all(
            [grouped.sort(["last_seen_at", "fingerprint"], descending=True), daily.sort("date")]
        )
    rows = groups.head(limit).to_dicts()
    by_day: dict[str, list[Row]] = {row["fingerprint"]: [] for row in rows}
    for day in days.filter(pl.col("fingerprint").is_in(list(by_day))).to_dicts():
        by_day[day.pop("fingerprint")].append(day)
    for row in rows:
        row["by_day"] = by_day[row["fingerprint"]][-_DAYS_MAX:]
    return ErrorGroupPage(rows, groups.height)


@retry_on_newer_snapshot
def error_occurrences(
    lake: Lake,
    website: Website,
    fingerprint: str,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    limit: int = 50,
) -> ErrorOccurrencePage:
    """Return the errors of one group: rows of `errors` with two more columns.

    `offset_ms` is the place in the session's replay. `stack_original` is the stack after
    `lake.source_maps.symbolicate`.

    Raises:
        StoreUnavailable: The store failed.
    """
    errors = _errors(lake, website, from_at, to_at).filter(fingerprint=fingerprint)
    by = ["seen_at", "session_id", "error_no"]
    with reading("errors"):
        newest, days = pl.collect_all(
            [errors.top_k(limit, by=by), errors.group_by(_DATE).agg(**_COUNTS).sort("date")]
        )
    rows = newest.sort(by, descending=True).to_dicts()
    applied = lake.source_maps.applied(website.website_id, rows)
    return ErrorOccurrencePage(applied, int(days["count"].sum()), days.tail(_DAYS_MAX).to_dicts())


def _errors(
    lake: Lake, website: Website, from_at: datetime | None, to_at: datetime | None
) -> pl.LazyFrame:
    """Return a website's errors with `offset_ms` and `seen_at`, the server's clock."""
    low, high = visible_period(lake, website, from_at, to_at)
    snapshot, pending, tombstones, waiting = pending_errors.read_pending_errors(
        lake, website, low, high
    )
    shown = VisibleSessions(snapshot, tombstones, website, low, high)
    errors = pl.concat([shown.scan("errors"), pl.LazyFrame(waiting, _ERRORS, orient="row")])
    # A session with waiting chunks may begin earlier than its row in the table says.
    pending_ = pending.rows.lazy().select(_STARTS)
    stored = shown.sessions.select(_STARTS).join(pending_, on="session_id", how="anti")
    joined = errors.join(pl.concat([stored, pending_]), on="session_id", how="inner")
    joined = without_erased(joined, [tombstones], people_of=joined).drop(
        "visitor_ids", "user_id", "user_ids"
    )
    joined = joined.with_columns(offset_ms=offset_ms(pl.col("at_ms")))
    return joined.with_columns(seen_at=_AT)
