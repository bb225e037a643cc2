"""Filters of the session list: a query, and its Polars expression. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from lake.raw.rrweb_events import valid_user_id
from lake.tables.schemas import SIGNAL_KINDS

LIMIT_MAX = 200
SORTS = {
    "recent": None,  # session ids are in order of time
    "duration": "duration_ms",
    "errors": "error_count",
    "frustration": "frustration_score",
    "pages": "page_count",
}


@dataclass(frozen=True, kw_only=True)
class SessionQuery:
    """Filters, order and page of a list of sessions. Empty and None mean: any.

    `from_at` is the first instant, `to_at` the first after the last. Text is compared without
    regard to case; `url` is a part of any page's address.
    """

    from_at: datetime | None = None
    to_at: datetime | None = None
    device: tuple[str, ...] = ()
    browser: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    has_errors: bool | None = None
    has_frustration: bool | None = None
    signals: tuple[str, ...] = ()
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    min_pages: int | None = None
    url: str = ""
    visitor_id: str = ""
    user_id: str = ""
    live: bool | None = None
    sort: str = "recent"
    limit: int = 50
    cursor: str | None = None


def has_frustration() -> pl.Expr:
    """Whether a session has a signal of any kind."""
    counts = [pl.col(f"{kind}_count").fill_null(0) for kind in SIGNAL_KINDS]
    return pl.sum_horizontal(counts) > 0


def is_live(now_ms: int, live_s: int) -> pl.Expr:
    """Whether a session is still going on: its last event is at most `live_s` old.

    Its end is the server's start and the browser's length, so that it is the same whether the
    session was compacted or not.
    """
    now, margin = datetime.fromtimestamp(now_ms / 1000, UTC), timedelta(seconds=live_s)
    # A browser's clock may jump by years, which is more than a time can hold.
    length_ms = pl.col("duration_ms").clip(0, 10 * 365 * 86_400_000)
    ended_at = pl.col("started_at") + pl.duration(milliseconds=length_ms)
    return ended_at.is_between(now - margin, now + margin)


def _is_of(column: str, person_id: str) -> pl.Expr:
    """Whether a session has a person among its people. Old rows have only the one column."""
    is_among = pl.col(f"{column}s").list.contains(person_id).fill_null(value=False)
    return (pl.col(column) == person_id) | is_among


def filter_expression(website_id: str, first_at: datetime, query: SessionQuery) -> pl.Expr:
    """Return the filter for everything but `live`, which depends on the clock."""
    wanted = pl.col("website_id") == website_id
    start = max(query.from_at, first_at) if query.from_at else first_at
    wanted &= pl.col("started_at") >= start
    if query.to_at:
        wanted &= pl.col("started_at") < query.to_at
    for column, values in (
        ("device_type", query.device),
        ("browser_name", query.browser),
        ("os_name", query.os),
        ("country", query.country),
    ):
        if values:
            wanted &= pl.col(column).str.to_lowercase().is_in([v.lower() for v in values])
    if query.has_errors is not None:
        wanted &= (pl.col("error_count") > 0) == query.has_errors
    if query.has_frustration is not None:
        wanted &= has_frustration() == query.has_frustration
    for kind in query.signals:
        wanted &= pl.col(f"{kind}_count").fill_null(0) > 0
    if query.min_duration_ms is not None:
        wanted &= pl.col("duration_ms") >= query.min_duration_ms
    if query.max_duration_ms is not None:
        wanted &= pl.col("duration_ms") <= query.max_duration_ms
    if query.min_pages is not None:
        wanted &= pl.col("page_count") >= query.min_pages
    if query.url:
        wanted &= pl.col("urls").str.contains_any([query.url], ascii_case_insensitive=True)
    if query.visitor_id:
        wanted &= _is_of("visitor_id", query.visitor_id)
    if user_id := valid_user_id(query.user_id):
        wanted &= _is_of("user_id", user_id)
    return wanted
