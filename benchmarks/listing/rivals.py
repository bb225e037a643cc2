"""The same queries run by Polars' own Delta scan, and of DuckDB with the table's files."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import duckdb
import polars as pl

from benchmarks.listing.generated import website_id
from benchmarks.listing.questions import Question
from lake.control.websites import Website
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SORTS, SessionQuery, filter_expression
from lake.reading.session_list import list_sessions
from lake.tables.delta_table import Table

_FIRST_AT = datetime(2000, 1, 1, tzinfo=UTC)


class Answer(NamedTuple):
    """The answer on which all engines must agree."""

    session_ids: list[str]
    total: int


def query_lake(lake: Lake, question: Question) -> Answer:
    """Ask this project."""
    website = Website(
        website_id=website_id(question.website), name="w", plan="enterprise", created_at=""
    )
    query = question.query
    listing = list_sessions(lake, website, query)
    for _ in range(question.pages - 1):
        if listing.next_cursor is None:
            break
        query = replace(query, cursor=listing.next_cursor)
        listing = list_sessions(lake, website, query)
    return Answer([row["session_id"] for row in listing.rows], listing.total)


def query_polars(uri: str, question: Question) -> Answer:
    """Ask `scan_delta`: one scan for the page, one for the total, as its users would."""
    rows = pl.scan_delta(uri).filter(
        filter_expression(website_id(question.website), _FIRST_AT, question.query)
    )
    by = [name for name in (SORTS[question.query.sort], "session_id") if name]
    limit = question.query.limit
    page, total = pl.collect_all(
        [
            rows.sort(by, descending=True, nulls_last=True).slice(
                (question.pages - 1) * limit, limit
            ),
            rows.select(pl.len()),
        ]
    )
    return Answer(page["session_id"].to_list(), total.item())


class DuckDB:
    """One connection that keeps the files' metadata, a cursor for each thread."""

    def __init__(self, table: Table) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET parquet_metadata_cache = true")
        uris = ",".join(f"'{file.uri}'" for file in table.snapshot().files)
        self._connection.execute(f"CREATE VIEW sessions AS FROM read_parquet([{uris}])")

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Make one for a thread."""
        return self._connection.cursor()


def query_duckdb(cursor: "duckdb.DuckDBPyConnection", question: Question) -> Answer:
    """Ask DuckDB: one statement for the page, one for the total."""
    where, values = _where(question)
    sort = SORTS[question.query.sort]
    by = f"{sort} DESC NULLS LAST, session_id DESC" if sort else "session_id DESC"
    limit = question.query.limit
    page = cursor.execute(
        f"SELECT session_id, * FROM sessions WHERE {where} ORDER BY {by} LIMIT {limit} "
        f"OFFSET {(question.pages - 1) * limit}",
        values,
    ).fetchall()
    counted = cursor.execute(f"SELECT count(*) FROM sessions WHERE {where}", values).fetchall()
    return Answer([row[0] for row in page], counted[0][0])


def _where(question: Question) -> tuple[str, list[object]]:
    query: SessionQuery = question.query
    parts: list[str] = ["website_id = ?"]
    values: list[object] = [website_id(question.website)]
    for text, value in (
        ("device_type = ?", query.device and query.device[0]),
        ("country = ?", query.country and query.country[0]),
        ("error_count > 0", query.has_errors),
        ("duration_ms >= ?", query.min_duration_ms),
        ("page_count >= ?", query.min_pages),
        ("contains(urls, ?)", query.url),
        ("started_at >= ?", query.from_at),
        ("started_at < ?", query.to_at),
    ):
        if value:
            parts.append(text)
            if "?" in text:
                values.append(value)
    return " AND ".join(parts), values
