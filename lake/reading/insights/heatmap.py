"""Clicks on the views of one page, and how far down they were seen.

All views of an address count together, whatever its query and fragment; wide and narrow screens
show different pages, and can be told apart. Of compacted sessions.
"""

from datetime import datetime
from typing import Literal, NamedTuple

import polars as pl

from lake.control.websites import Website
from lake.reading.lake_snapshot import Lake
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.visible_sessions import VisibleSessions, offset_ms
from lake.tables.delta_table import reading

CELLS_MAX = 5_000
CELL_PER_MILLE = 10
CELL_PX = 10
STEP_PX = 100
_STEPS_MAX = 1_000  # 100,000 px; a view that saw more saw all of these
_SETTLED_MS = 2_000  # by then most of what a page loads late is there

Viewport = Literal["desktop", "tablet", "mobile"]
# Widths in CSS px, as layouts commonly change at them: [from, to).
_WIDTHS: dict[Viewport, tuple[int, int]] = {
    "desktop": (1024, 2**31 - 1),
    "tablet": (768, 1024),
    "mobile": (1, 768),
}


class Cell(NamedTuple):
    """Clicks in one place. `x` is in per mille of the viewport's width, `y` in px of the page."""

    x: int
    y: int
    click_count: int


class Step(NamedTuple):
    """How many views saw a page down to `y` px."""

    y: int
    view_count: int


class Background(NamedTuple):
    """A recorded view. At `offset_ms` of its session the page is there and settled."""

    session_id: str
    page_id: str
    offset_ms: int
    viewport_width: int | None
    viewport_height: int | None


class Heatmap(NamedTuple):
    """One page. `click_count` is of all clicks, `cells` are those with the most."""

    view_count: int
    click_count: int
    cells: list[Cell]
    scroll: list[Step]
    background: Background | None


@retry_on_newer_snapshot
def heatmap(
    lake: Lake,
    website: Website,
    url: str,
    *,
    viewport: Viewport | None = None,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
) -> Heatmap:
    """Return the clicks and the scroll depth of all views of an address.

    A click whose place is not known, and one of a view whose width is not, is in no cell.

    Args:
        url: Compared without query and fragment.

    Raises:
        Damaged, StoreUnavailable.
    """
    visible = VisibleSessions.now(lake, website, from_at=from_at, to_at=to_at)
    views = visible.rows("pages", "first_at_ms", "is_complete").filter(_is_at(url))
    if viewport is not None:
        low, high = _WIDTHS[viewport]
        views = views.filter(pl.col("viewport_width").is_between(low, high, closed="left"))
    sums = views.select(pl.len(), pl.col("click_count").sum())
    with reading("pages"):
        totals, cells, steps, newest = pl.collect_all(
            [sums, _cells(views), _steps(views), _newest(views)], engine="streaming"
        )
    view_count, click_count = totals.row(0)
    cells = cells.sort("count", "y", "x", descending=[True, False, False])
    return Heatmap(
        view_count,
        click_count,
        [Cell(*row) for row in cells.iter_rows()],
        _cumulative(steps),
        next((Background(*row) for row in newest.iter_rows()), None),
    )


def _is_at(url: str) -> pl.Expr:
    """Whether a view is of this address, but for query and fragment."""
    bare = url.partition("#")[0].partition("?")[0]
    column = pl.col("url")
    return (
        (column == bare) | column.str.starts_with(f"{bare}?") | column.str.starts_with(f"{bare}#")
    )


def _cells(views: pl.LazyFrame) -> pl.LazyFrame:
    """Count clicks by place: x | y | count, those with the most."""
    width = pl.col("viewport_width")
    places = (
        views.filter(pl.col("click_count") > 0, width > 0)
        .select(width, place=pl.col("clicks").str.json_decode(pl.List(pl.List(pl.Int64))))
        .explode("place")
        .drop_nulls("place")
    )
    x, y = pl.col("place").list.get(0), pl.col("place").list.get(1)
    per_mille = (x * 1000 // width.cast(pl.Int64)).clip(upper_bound=1000)
    cells = places.select(x=per_mille // CELL_PER_MILLE * CELL_PER_MILLE, y=y // CELL_PX * CELL_PX)
    return cells.group_by("x", "y").agg(count=pl.len()).top_k(CELLS_MAX, by="count")


def _steps(views: pl.LazyFrame) -> pl.LazyFrame:
    """Count views by the last step that they saw: step | count."""
    step = (pl.col("seen_px") // STEP_PX).clip(upper_bound=_STEPS_MAX)
    return views.select(step=step).drop_nulls().group_by("step").agg(count=pl.len())


def _cumulative(steps: pl.DataFrame) -> list[Step]:
    """Return how many views saw each step: a view of a step saw those above it."""
    counts: dict[int, int] = dict(steps.iter_rows())
    cumulative: list[Step] = []
    view_count = 0
    for step in range(max(counts, default=0), 0, -1):
        view_count += counts.get(step, 0)
        cumulative.append(Step(step * STEP_PX, view_count))
    return cumulative[::-1]


def _newest(views: pl.LazyFrame) -> pl.LazyFrame:
    """Return the newest view that can be drawn, as a `Background`.

    Pages are laid out by their width, so that it is one of the width with most clicks if there is
    one. That of a page on which nobody stayed is taken only if there is no other.
    """
    widths = views.group_by("viewport_width").agg(pl.col("click_count").sum(), count=pl.len())
    most = ["click_count", "count", "viewport_width"]
    usual = widths.drop_nulls("viewport_width").top_k(1, by=most)
    usual = usual.select("viewport_width", is_usual=pl.lit(True))
    stay_ms = pl.col("duration_ms").clip(0, _SETTLED_MS)
    candidates = views.filter("is_complete").select(
        "session_id",
        "page_id",
        "viewport_width",
        "viewport_height",
        offset_ms=offset_ms(pl.col("at_ms")) + stay_ms,
        is_settled=stay_ms == _SETTLED_MS,
    )
    candidates = candidates.join(usual, on="viewport_width", how="left").with_columns(
        pl.col("is_usual").fill_null(False)
    )
    best = candidates.top_k(1, by=["is_settled", "is_usual", "session_id", "offset_ms"])
    return best.select(Background._fields)
