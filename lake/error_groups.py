"""JavaScript errors of a website, grouped by fingerprint, and where each of a group happened.

Of compacted sessions: an error that just came is in its session's own answer at once, and here
after the next compaction.
"""

from datetime import datetime
from typing import NamedTuple

import polars as pl

from lake.again import asked_again
from lake.tables.rows import Row
from lake.tables.table import reading
from lake.view import Lake
from lake.visible import Visible
from lake.websites import Website

_AT = pl.col("started_at") + pl.duration(milliseconds=pl.col("offset_ms"))


class Groups(NamedTuple):
    """Groups or occurrences, the latest first. `total` counts those beyond the limit too."""

    rows: list[Row]
    total: int


@asked_again
def error_groups(
    lake: Lake,
    website: Website,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    limit: int = 50,
) -> Groups:
    """Return groups: fingerprint, message, count, sessions, visitors, first and last seen.

    Raises:
        StoreUnavailable: The store failed.
    """
    found = _errors(lake, website, from_at, to_at)
    grouped = found.group_by("fingerprint").agg(
        pl.col("message").sort_by("seen_at").last(),
        count=pl.len(),
        session_count=pl.col("session_id").n_unique(),
        visitor_count=pl.col("visitor_id").n_unique(),
        first_seen_at=pl.col("seen_at").min(),
        last_seen_at=pl.col("seen_at").max(),
    )
    with reading("errors"):
        groups = grouped.sort(["last_seen_at", "fingerprint"], descending=True).collect()
    return Groups(groups.head(limit).to_dicts(), groups.height)


@asked_again
def error_occurrences(
    lake: Lake,
    website: Website,
    fingerprint: str,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    limit: int = 50,
) -> Groups:
    """Return the errors of one group, with `offset_ms` into their sessions' replays.

    Raises:
        StoreUnavailable: The store failed.
    """
    found = _errors(lake, website, from_at, to_at).filter(fingerprint=fingerprint)
    by = ["seen_at", "session_id", "error_no"]
    with reading("errors"):
        newest, total = pl.collect_all([found.top_k(limit, by=by), found.select(pl.len())])
    return Groups(newest.sort(by, descending=True).to_dicts(), total.item())


def _errors(
    lake: Lake, website: Website, from_at: datetime | None, to_at: datetime | None
) -> pl.LazyFrame:
    """Return a website's errors with `offset_ms` and `seen_at`, the server's clock."""
    visible = Visible(lake, website, from_at=from_at, to_at=to_at)
    joined = visible.rows("errors", "first_at_ms")
    joined = joined.with_columns(offset_ms=pl.col("at_ms") - pl.col("first_at_ms"))
    return joined.with_columns(seen_at=_AT)
