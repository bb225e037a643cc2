from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from lake import ids, keys
from lake.check import check
from lake.tables.schemas import SCHEMAS
from lake.tables.table import Table
from tests.care.lakes import DAY_MS, broken, compacted, filled
from tests.query.recorded import Lakeful, moves


def rewrite(
    lakeful: Lakeful, name: str, change: pl.Expr | None = None, *, twice: bool = False
) -> None:
    """Replace the rows of a table by others, as no writer of ours would."""
    table = Table(lakeful.store, name)
    for part in {file.part for file in table.snapshot().files}:
        snapshot = table.snapshot()
        rows = snapshot.scan(snapshot.of_parts([part])).collect().with_columns(part=pl.lit(part))
        rows = rows.with_columns(change) if change is not None else rows
        rows = pl.concat([rows, rows]) if twice else rows
        table.replace([part], rows.select(SCHEMAS[name].names).to_arrow())


def kinds(lakeful: Lakeful) -> set[str]:
    return {found.kind for found in broken(lakeful.store, lakeful.settings)}


def test_a_sound_lake_has_nothing_to_say_waiting_chunks_included(any_lakeful: Lakeful) -> None:
    session, *_ = filled(any_lakeful)
    any_lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))

    assert broken(any_lakeful.store, any_lakeful.settings) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("event_count", pl.lit(1, pl.Int64)),
        ("file_sha256", pl.lit("0" * 64)),
        ("file_bytes", pl.col("file_bytes") + 1),
        ("duration_ms", pl.lit(1, pl.Int64)),
        ("website_id", pl.lit("w_somebodyelse")),
    ],
)
def test_a_wrong_row_is_found(lakeful: Lakeful, column: str, value: pl.Expr) -> None:
    filled(lakeful, days_ago=(0,), each=1)
    rewrite(lakeful, "sessions", value.alias(column))

    assert kinds(lakeful) & {"row-wrong", "session-file-damaged", "session-file-missing"}


@pytest.mark.parametrize("name", ["pages", "errors", "session_files"])
def test_a_doubled_row_is_found_in_every_table(lakeful: Lakeful, name: str) -> None:
    filled(lakeful, days_ago=(0,))
    rewrite(lakeful, name, twice=True)
    assert kinds(lakeful) == {"row-wrong"}


def test_a_doubled_session_is_found(lakeful: Lakeful) -> None:
    filled(lakeful, days_ago=(0,))
    rewrite(lakeful, "sessions", twice=True)

    assert "session-doubled" in kinds(lakeful)


def test_a_missing_a_flipped_and_a_forgotten_file_are_found(lakeful: Lakeful) -> None:
    filled(lakeful, days_ago=(0,))
    first, second, third = (item.key for item in lakeful.store.list(keys.SESSIONS))
    older = first.replace(".ndjson", "0.ndjson")
    stranger = third.replace(lakeful.website.website_id, "w_stranger")
    for key in (older, stranger):
        lakeful.store.put(key, lakeful.store.get(first))
    lakeful.store.delete([first])
    body = bytearray(lakeful.store.get(second))
    body[-1] ^= 1
    lakeful.store.put(second, bytes(body))
    lakeful.store.put(third, lakeful.store.get(third)[:-1])

    real_now_ms = int(datetime.now(UTC).timestamp() * 1000)
    found = check(lakeful.store, lakeful.settings, now_ms=real_now_ms + 3 * DAY_MS)
    assert {(f.kind, f.where) for f in found if f.kind != "summary-stale"} == {
        ("session-file-missing", first),
        ("session-file-damaged", second),
        ("session-file-damaged", third),
        ("superseded", older),
        ("orphan", stranger),
    }


def test_damaged_segments_and_strangers_among_them_are_found(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,), each=1)
    (key,) = lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    body = bytearray(lakeful.store.get(key))
    body[60] ^= 1
    lakeful.store.put(key, bytes(body))
    lakeful.store.put(f"{keys.raw_prefix(session.day)}note.txt", b"hello")

    assert kinds(lakeful) == {"segment-damaged", "foreign-object"}


def test_a_table_file_that_is_gone_is_found(lakeful: Lakeful) -> None:
    filled(lakeful, days_ago=(0,), each=1)
    next(iter((Path(lakeful.settings.lake) / "tables" / "pages").rglob("*.parquet"))).unlink()

    assert kinds(lakeful) == {"table-file-unreadable"}


def test_rows_without_a_session_and_stale_summaries_are_found(lakeful: Lakeful) -> None:
    sessions = filled(lakeful, days_ago=(5,), each=2)
    nobody = ids.uuid7(sessions[0].began_ms, 1)
    rewrite(lakeful, "errors", pl.lit(nobody).alias("session_id"))
    rewrite(lakeful, "daily_summary", pl.lit(7, pl.Int64).alias("session_count"))

    assert kinds(lakeful) == {"row-without-session", "row-wrong", "summary-stale"}
    compacted(lakeful, {sessions[0].day})
    assert "summary-stale" not in kinds(lakeful)
