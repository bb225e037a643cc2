"""A lake's `sessions` table of any size, made at once in the layout that maintenance leaves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import duckdb
import polars as pl

from lake.storage.base import Store
from lake.tables.delta_table import POLARS_SCHEMAS, Table
from lake.tables.partitions import cold_part
from lake.tables.session_rows import sorted_rows

WEBSITES = 100
DAYS = 60
HOT_DAYS = 2
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
_BEGIN = (NOW - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0)


class Place(NamedTuple):
    """A part of the table, its span of time and the websites that lie there."""

    part: str
    begins: datetime
    ends: datetime
    websites: list[int]


def website_id(number: int) -> str:
    """The id of the website with the rank `number`, 0 the biggest."""
    return f"w_{number:012d}"


def shares() -> list[float]:
    """Each website's share of the sessions, by Zipf's law."""
    sizes = [1 / rank for rank in range(1, WEBSITES + 1)]
    return [size / sum(sizes) for size in sizes]


def generate(store: Store, sessions: int) -> Iterator[int]:
    """Write the table; yield how many rows are there so far."""
    table = Table(store, "sessions")
    connection = duckdb.connect()
    connection.execute(_MACROS)
    written = 0
    for place in _places():
        rows = _rows(connection, place, sessions)
        if rows.height:
            table.snapshot()
            table.replace([place.part], sorted_rows("sessions", rows))
        written += rows.height
        yield written


def _places() -> Iterator[Place]:
    hot = NOW.replace(hour=0) - timedelta(days=HOT_DAYS - 1)
    begins = _BEGIN
    while begins < hot:
        ends = min(hot, (begins.replace(day=1) + timedelta(days=32)).replace(day=1))
        buckets: dict[str, list[int]] = {}
        for number in range(WEBSITES):
            buckets.setdefault(cold_part(begins.date(), website_id(number)), []).append(number)
        for part, websites in sorted(buckets.items()):
            yield Place(part, begins, ends, websites)
        begins = ends
    while begins < NOW:
        ends = begins + timedelta(hours=1)
        yield Place(f"{begins:%Y-%m-%dT%H}", begins, ends, list(range(WEBSITES)))
        begins = ends


def _rows(connection: "duckdb.DuckDBPyConnection", place: Place, sessions: int) -> pl.DataFrame:
    fraction = (place.ends - place.begins) / (NOW - _BEGIN)
    counts = {n: round(sessions * fraction * shares()[n]) for n in place.websites}
    values = ",".join(f"({n}, '{website_id(n)}', {count})" for n, count in counts.items())
    begins_ms, ends_ms = (int(at.timestamp() * 1000) for at in (place.begins, place.ends))
    table = connection.sql(
        _ROWS.format(
            values=values, part=place.part, begins_ms=begins_ms, span_ms=ends_ms - begins_ms
        )
    ).to_arrow_table()
    frame = pl.DataFrame(pl.from_arrow(table))
    return frame.select(POLARS_SCHEMAS["sessions"].names()).cast(
        pl.Schema(POLARS_SCHEMAS["sessions"])
    )


# Everything follows from a hash of the row's name, so that a run is like another.
_MACROS = """
CREATE MACRO h(id, k) AS hash(id || k);
CREATE MACRO u(id, k) AS ((h(id, k) >> 11) + 1)::DOUBLE / 9007199254740993.0;
CREATE MACRO x(id, k) AS lpad(lower(to_hex(h(id, k))), 16, '0');
CREATE MACRO pick(id, k, found) AS found[1 + (h(id, k) % len(found))::INT];
CREATE MACRO skew(id, k, found) AS found[1 + floor(pow(u(id, k), 2.5) * 0.999 * len(found))::INT];
CREATE MACRO url(id, k, site) AS (
    'https://shop-' || site || '.example/section-' || floor(pow(u(id, k), 3) * 199.9)::INT % 17
    || '/page-' || floor(pow(u(id, k), 3) * 199.9)::INT
);
"""
_ROWS = """
WITH named AS (
    SELECT site, website_id, website_id || '{part}' || unnest(range(n)) AS id
    FROM (VALUES {values}) AS sizes(site, website_id, n)
), begun AS (
    SELECT *, {begins_ms} + floor(u(id, 'at') * {span_ms})::BIGINT AS at_ms,
        exp(11.4 + 1.3 * sqrt(-2 * ln(u(id, 'd1'))) * cos(6.283 * u(id, 'd2')))::BIGINT AS length,
        least(12, 1 + floor(-2 * ln(u(id, 'pages')))::INT) AS pages,
        u(id, 'frustrated') < 0.1 AS bad
    FROM named
), addressed AS (
    SELECT *, list_transform(range(pages), lambda n: url(id, 'url' || n, site)) AS addresses
    FROM begun
)
SELECT
    '{part}' AS part, website_id,
    concat_ws('-', substr(lpad(lower(to_hex(at_ms)), 12, '0'), 1, 8),
        substr(lpad(lower(to_hex(at_ms)), 12, '0'), 9, 4), '7' || substr(x(id, 'a'), 1, 3),
        pick(id, 'v', ['8', '9', 'a', 'b']) || substr(x(id, 'a'), 4, 3), substr(x(id, 'b'), 1, 12)
    ) AS session_id,
    to_timestamp(at_ms / 1000) AS started_at,
    at_ms + floor(u(id, 'clock') * 4000)::BIGINT - 2000 AS first_at_ms,
    length AS duration_ms,
    x(site || floor(u(id, 'visitor') * 1e6)::INT, 'a')
        || x(site || floor(u(id, 'visitor') * 1e6)::INT, 'b') AS visitor_id,
    CASE WHEN u(id, 'user') < 0.2 THEN 'user-' || (h(id, 'user') % 50000) END AS user_id,
    [visitor_id] AS visitor_ids, [user_id] AS user_ids,
    pages AS page_count, 20 + length // 200 AS event_count, h(id, 'clicks') % 20 AS click_count,
    CASE WHEN u(id, 'errors') < 0.12 THEN 1 + h(id, 'errors') % 5 ELSE 0 END AS error_count,
    (bad AND u(id, 'rage') < 0.4)::INT AS rage_click_count,
    (bad AND u(id, 'dead') < 0.7)::INT AS dead_click_count,
    (bad AND u(id, 'form') < 0.2)::INT AS form_frustration_count,
    (bad AND u(id, 'left') < 0.2)::INT AS form_abandonment_count,
    0 AS scroll_thrash_count,
    (bad AND u(id, 'broken') < 0.3)::INT AS error_click_count,
    (bad AND u(id, 'back') < 0.1)::INT AS quick_back_count,
    (bad AND u(id, 'slow') < 0.1)::INT AS slow_response_count,
    CASE WHEN bad THEN 1 + h(id, 'score') % 100 ELSE 0 END AS frustration_score,
    1 AS scoring_version,
    pick(id, 'w', [390, 412, 1280, 1440, 1920]) AS viewport_width,
    pick(id, 'w', [844, 915, 720, 900, 1080]) AS viewport_height,
    skew(id, 'device', ['desktop', 'mobile', 'tablet']) AS device_type,
    pick(id, 'model', [NULL, 'iPhone', 'Pixel 8', 'SM-S911B']) AS device_model,
    skew(id, 'browser', ['Chrome', 'Safari', 'Edge', 'Firefox']) AS browser_name,
    (118 + h(id, 'version') % 13)::VARCHAR AS browser_version,
    pick(id, 'os', ['Windows', 'iOS', 'Android', 'Mac OS X', 'Linux']) AS os_name,
    pick(id, 'osv', ['10', '11', '17', '18', NULL]) AS os_version,
    skew(id, 'country', ['US', 'DE', 'FR', 'GB', 'NL', 'PL', 'ES', 'SE', NULL]) AS country,
    length // 3 AS active_ms,
    translate(rpad(x(id, 'done1') || x(id, 'done2') || x(id, 'done3'), 60, '0'), 'abcdef', '000000')
        AS activity,
    addresses[1] AS initial_url, addresses[-1] AS exit_url,
    array_to_string(list_distinct(addresses), chr(10)) AS urls,
    u(id, 'complete') < 0.98 AS is_complete,
    200000 + length * 5 AS raw_bytes, 20000 + length // 2 AS file_bytes,
    x(id, 's1') || x(id, 's2') || x(id, 's3') || x(id, 's4') AS file_sha256
FROM addressed
"""
