"""A day in figures, by website: the table `daily_summary`, made from `sessions` alone."""

from datetime import date

import polars as pl

from lake.store import Store
from lake.tables.sessions import rows_of_day
from lake.tables.table import POLARS, Table

_SUMS = ("page_count", "click_count", "error_count", "duration_ms", "raw_bytes")


def summarise_day(store: Store, day: date) -> int:
    """Bring the summaries of the sessions that began on `day` (UTC) up to date.

    Returns:
        How many websites have one.

    Raises:
        Conflict: Another run wrote them at the same time; run it again.
        StoreUnavailable.
    """
    summaries = Table(store, "daily_summary")
    before = summaries.snapshot()  # ahead of the rows: a run on older rows is refused
    rows = summary_of(rows_of_day(Table(store, "sessions").snapshot(), day), day)
    stored = before.scan(before.of_parts([part_of(day)])).sort("website_id").collect()
    if not stored.select(rows.drop("part").columns).equals(rows.drop("part")):
        summaries.replace([part_of(day)], rows.to_arrow())
    return rows.height


def part_of(day: date) -> str:
    """Return the part of a day's summaries."""
    return f"{day:%Y-%m-%d}"


def summary_of(sessions: pl.LazyFrame, day: date) -> pl.DataFrame:
    """Reduce rows of `sessions` to rows of `daily_summary`, sorted by website."""
    score = pl.col("frustration_score")
    grouped = sessions.group_by("website_id").agg(
        *(pl.col(name).cast(pl.Int64).sum() for name in _SUMS),
        session_count=pl.len(),
        visitor_count=pl.col("visitor_id").n_unique(),
        error_session_count=(pl.col("error_count") > 0).sum(),
        frustration_p50=score.quantile(0.5, "linear"),
        frustration_p90=score.quantile(0.9, "linear"),
    )
    placed = grouped.with_columns(part=pl.lit(part_of(day)), date=pl.lit(day))
    schema = POLARS["daily_summary"]
    return placed.select(schema.names()).cast(schema).sort("website_id").collect()
