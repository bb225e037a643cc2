"""Pages of a website with the most clicks: those with a useful heatmap.

A page is an address without query and fragment, as in `lake.reading.insights.heatmap`. Of compacted
sessions.
"""

from datetime import datetime
from typing import NamedTuple

import polars as pl

from lake.control.websites import Website
from lake.reading.lake_snapshot import Lake
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.visible_sessions import VisibleSessions, page_address
from lake.tables.delta_table import reading


class ClickedPage(NamedTuple):
    """A page; `click_count` is of all its views."""

    url: str
    view_count: int
    session_count: int
    click_count: int


class ClickedPages(NamedTuple):
    """The most clicked pages first. `total` includes pages beyond the limit."""

    pages: list[ClickedPage]
    total: int


@retry_on_newer_snapshot
def clicked_pages(
    lake: Lake,
    website: Website,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    limit: int = 50,
) -> ClickedPages:
    """Return the pages that sessions of a period viewed, the most clicked first.

    Raises:
        Damaged, StoreUnavailable.
    """
    visible = VisibleSessions.now(lake, website, from_at=from_at, to_at=to_at)
    views = visible.rows("pages").drop_nulls("url").with_columns(url=page_address(pl.col("url")))
    pages = views.group_by("url").agg(
        view_count=pl.len(),
        session_count=pl.col("session_id").n_unique(),
        click_count=pl.col("click_count").sum(),
    )
    with reading("pages"):
        counted = pages.select(ClickedPage._fields).collect(engine="streaming")
    # Addresses make the order of equals the same each time.
    order = ["click_count", "view_count", "url"]
    top = counted.sort(order, descending=[True, True, False]).head(limit)
    return ClickedPages([ClickedPage(*row) for row in top.iter_rows()], counted.height)
