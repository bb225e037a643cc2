"""Frustration signals of a website by page, by element of a page, or by kind, worst first.

Groups are ranked by the number of sessions, so that one angry visitor does not rank a group first.
Counts are of compacted sessions and of signals that have a row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import polars as pl

from lake.control.websites import Website
from lake.reading.lake_snapshot import Lake
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.visible_sessions import VisibleSessions, offset_ms, page_address
from lake.tables.delta_table import reading
from lake.tables.row_builders import Row

EXAMPLES_MAX = 3  # sessions that show a group
GroupBy = Literal["page", "target", "signal"]
_KEYS: dict[GroupBy, tuple[str, ...]] = {
    "page": ("url",),
    "target": ("url", "target", "text"),
    "signal": ("kind",),
}
_RANK_COLUMNS = ("session_count", "count")  # what makes one group worse than another


class WorstGroups(NamedTuple):
    """Groups, the worst first. `total` includes those beyond the limit.

    Each has what it is grouped by (`url`; `url`, `target` and `text`; or `kind`), `count` of
    signals, `session_count`, `visitor_count`, `by_kind`, and `examples`: the newest sessions, each
    with the offset of its first such signal, ms. A page has `viewing_session_count` too, if any.
    """

    rows: list[Row]
    total: int


@retry_on_newer_snapshot
def worst_groups(
    lake: Lake,
    website: Website,
    *,
    by: GroupBy,
    kinds: Sequence[str] = (),
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    limit: int = 50,
) -> WorstGroups:
    """Return the worst pages (an address without query and fragment), elements or kinds.

    Args:
        kinds: Only these; none for all.

    Raises:
        Damaged, StoreUnavailable.
    """
    visible = VisibleSessions.now(lake, website, from_at=from_at, to_at=to_at)
    key = _KEYS[by]
    signals = visible.rows("signals", "first_at_ms", "visitor_id")
    if kinds:
        signals = signals.filter(pl.col("kind").is_in(kinds))
    if by == "target":
        signals = signals.drop_nulls("target")
    signals = signals.with_columns(url=page_address(pl.col("url")))
    groups = signals.group_by(key).agg(
        count=pl.len(),
        session_count=pl.col("session_id").n_unique(),
        visitor_count=pl.col("visitor_id").n_unique(),
    )
    with reading("signals"):
        ranked = groups.collect(engine="streaming")
        # Names make the order of equals the same each time.
        order = [*(-pl.col(name).cast(pl.Int64) for name in _RANK_COLUMNS), *map(pl.col, key)]
        top = ranked.sort(order).head(limit).with_row_index("place")
        places = top.lazy().select("place", *key)
        mine = signals.join(places, on=key, nulls_equal=True)
        frames = [_kinds(mine), _examples(mine)]
        if by == "page":
            frames.append(_viewing(visible, places))
        by_kind, examples, *viewing = pl.collect_all(frames, engine="streaming")
    rows: list[Row] = [row | {"by_kind": {}, "examples": []} for row in top.to_dicts()]
    for place, kind, count in by_kind.sort("count", "kind", descending=[True, False]).iter_rows():
        rows[place]["by_kind"][kind] = count
    for place, session_id, first_ms in examples.sort("session_id", descending=True).iter_rows():
        rows[place]["examples"].append((session_id, first_ms))
    for place, count in (row for frame in viewing for row in frame.iter_rows()):
        rows[place]["viewing_session_count"] = count
    return WorstGroups(rows, ranked.height)


def _kinds(signals: pl.LazyFrame) -> pl.LazyFrame:
    """Count each group's signals by kind: place | kind | count."""
    return signals.group_by("place", "kind").agg(count=pl.len())


def _examples(signals: pl.LazyFrame) -> pl.LazyFrame:
    """Return each group's newest sessions: place | session_id | offset_ms of the first signal."""
    first = offset_ms(pl.col("at_ms")).min()
    moments = signals.group_by("place", "session_id").agg(offset_ms=first)
    moment = pl.struct("session_id", "offset_ms").top_k_by("session_id", EXAMPLES_MAX)
    newest = moments.group_by("place").agg(moment=moment).explode("moment")
    return newest.unnest("moment")


def _viewing(visible: VisibleSessions, places: pl.LazyFrame) -> pl.LazyFrame:
    """Count the sessions that viewed each page: place | count."""
    pages = visible.rows("pages").select("session_id", url=page_address(pl.col("url")))
    viewed = pages.join(places, on="url", nulls_equal=True)
    return viewed.group_by("place").agg(count=pl.col("session_id").n_unique())
