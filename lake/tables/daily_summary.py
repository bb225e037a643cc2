"""The table `daily_summary`: figures of each website and day, from the tables by session."""

import json
from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

from lake.storage.base import Store
from lake.tables.delta_table import POLARS_SCHEMAS, Snapshot, Table
from lake.tables.schemas import SIGNAL_KINDS
from lake.tables.session_rows import rows_of_day

SUMMARY = "daily_summary"
SOURCES = ("errors", "pages", "sessions")
_TOP_MAX = 10
_SUMS = ("page_count", "click_count", "error_count", "duration_ms", "raw_bytes")


def summarise_day(store: Store, day: date) -> int:
    """Bring the summaries of the sessions that began on `day` (UTC) up to date.

    Returns:
        How many websites have one.

    Raises:
        Conflict: Another run wrote them at the same time; run it again.
        StoreUnavailable.
    """
    summaries = Table(store, SUMMARY)
    before = summaries.snapshot()  # before the rows, so that a run on older rows is refused
    rows = summary_of({name: Table(store, name).snapshot() for name in SOURCES}, day)
    stored = before.scan(before.of_parts([part_of(day)])).sort("website_id").collect()
    if not stored.select(rows.drop("part").columns).equals(rows.drop("part")):
        summaries.replace([part_of(day)], rows.to_arrow())
    return rows.height


def part_of(day: date) -> str:
    """Return the part of a day's summaries."""
    return f"{day:%Y-%m-%d}"


def summary_of(
    tables: Mapping[str, Snapshot],
    day: date,
    *,
    counted: Callable[[pl.LazyFrame], pl.LazyFrame] = lambda rows: rows,
) -> pl.DataFrame:
    """Reduce the rows of a day (UTC) to rows of `daily_summary`, sorted by website.

    Args:
        tables: At least those of `SOURCES`.
        counted: Chooses among the rows of each of them.
    """
    rows = {name: counted(rows_of_day(tables[name], day)) for name in SOURCES}
    score = pl.col("frustration_score")
    counts = [pl.col(f"{kind}_count").fill_null(0) for kind in SIGNAL_KINDS]
    grouped = (
        rows["sessions"]
        .group_by("website_id")
        .agg(
            *(pl.col(name).cast(pl.Int64).sum() for name in _SUMS),
            session_count=pl.len(),
            visitor_count=pl.col("visitor_id").n_unique(),
            error_session_count=(pl.col("error_count") > 0).sum(),
            frustrated_session_count=pl.any_horizontal(count > 0 for count in counts).sum(),
            frustration_p50=score.quantile(0.5, "linear"),
            frustration_p90=score.quantile(0.9, "linear"),
            **{
                kind: count.cast(pl.Int64).sum()
                for kind, count in zip(SIGNAL_KINDS, counts, strict=True)
            },
        )
        .with_columns(
            signals=pl.struct(SIGNAL_KINDS).struct.json_encode(),
            part=pl.lit(part_of(day)),
            date=pl.lit(day),
        )
        .collect()
    )
    tops = {
        "top_pages": _top(rows["pages"], "url", "views"),
        "top_errors": _top(rows["errors"], "fingerprint", "count"),
    }
    for name, top in tops.items():
        column = pl.col("website_id").replace_strict(top, default="[]", return_dtype=pl.String)
        grouped = grouped.with_columns(column.alias(name))
    schema = POLARS_SCHEMAS[SUMMARY]
    return grouped.select(schema.names()).cast(schema).sort("website_id")


def _top(rows: pl.LazyFrame, by: str, count: str) -> dict[str, str]:
    """Return the most frequent values of `by` as JSON, by website: most first, then by name."""
    ranked = (
        rows.drop_nulls(by)
        .group_by("website_id", by)
        .agg(pl.len().alias(count), sessions=pl.col("session_id").n_unique())
        .sort(["website_id", count, by], descending=[False, True, False])
        .group_by("website_id", maintain_order=True)
        .head(_TOP_MAX)
        .collect()
    )
    tops: dict[str, list[dict[str, object]]] = {}
    for row in ranked.to_dicts():
        tops.setdefault(row.pop("website_id"), []).append(row)
    return {website_id: json.dumps(top) for website_id, top in tops.items()}
