"""The tables are read by others with no code of ours."""

from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from lake.settings import Settings
from lake.storage.base import Store
from tests.support import lakes


@pytest.fixture
def folder(store: Store, settings: Settings) -> Path:
    """A lake of four sessions, on two days and of two websites."""
    for number in range(4):
        at_ms = lakes.NOW_MS - 86_400_000 * (number % 2)
        website = "w_a" if number < 3 else "w_b"
        lakes.append(store, lakes.session(number, website=website, at_ms=at_ms))
        lakes.compact(store, settings)
    return Path(settings.lake) / "tables"


def test_polars_reads_and_joins_the_tables(folder: Path) -> None:
    sessions = pl.scan_delta(str(folder / "sessions"))
    errors = pl.scan_delta(str(folder / "errors"))
    rows = (
        sessions.join(errors, on=["website_id", "session_id"])
        .group_by("website_id")
        .agg(pl.len().alias("errors"), pl.col("visitor_id").n_unique().alias("visitors"))
        .sort("website_id")
        .collect()
    )

    assert rows.rows() == [("w_a", 3, 3), ("w_b", 1, 1)]


def test_duckdb_reads_and_joins_the_tables(folder: Path) -> None:
    """DuckDB gets the files of the Delta log, as its delta extension would."""
    with duckdb.connect() as connection:
        for name in ("sessions", "errors", "pages"):
            files = DeltaTable(str(folder / name)).file_uris()
            connection.read_parquet(files, hive_partitioning=True).create_view(name)
        rows = connection.sql(
            "SELECT s.website_id, count(*), max(s.started_at) = max(e.started_at), any_value(p.url)"
            " FROM sessions s JOIN errors e USING (website_id, session_id)"
            " JOIN pages p USING (website_id, session_id)"
            " WHERE s.event_count = 5 GROUP BY 1 ORDER BY 1"
        ).fetchall()

    assert rows == [
        ("w_a", 3, True, "https://shop.example/"),
        ("w_b", 1, True, "https://shop.example/"),
    ]


def test_delta_log_contains_no_personal_data(folder: Path) -> None:
    log = b"".join(path.read_bytes() for path in folder.glob("*/_delta_log/*.json"))

    assert b"started_at" in log
    assert b"visitor of" not in log
    assert b"shop.example" not in log
