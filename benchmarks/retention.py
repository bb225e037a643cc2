"""Time, memory and requests of retention for a day of many sessions.

python -m benchmarks.retention [--sessions 100000]
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import polars as pl

from benchmarks.machine import (
    MB,
    cores,
    forget_peak,
    peak_rss_bytes,
    pin,
    say,
    scratch,
    show,
    verdict,
)
from lake import ids
from lake.control import websites
from lake.retention.run import expire_day, expired_days
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import ObjectInfo
from lake.storage.local import LocalStore
from lake.tables.cold_layout import move_to_cold
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import POLARS_SCHEMAS, Table
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import sorted_rows
from lake.timestamps import utc_day

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
_WEBSITES = 50
_LASTING = 5  # of them keep the day, and have a tenth of its sessions
_DAYS = 5  # of one month: the first has expired, the others share its parts
_ROWS = {"sessions": 1, "pages": 2, "errors": 1, "session_files": 1}  # a session
_FILE_BYTES = 200
_PAGE = 1000  # keys of a listing, or of a deletion, in one request
_GROWTH_MAX = 1.15


class RunCost(NamedTuple):
    """Cost of one run. Requests are those that a bucket would receive."""

    sessions: int
    remaining: int
    seconds: float
    before_bytes: int
    peak_bytes: int
    lists: int
    deletes: int
    others: int
    commits: int


class CountingStore(LocalStore):
    """A local store that counts the requests a bucket would receive."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lists = self.deletes = self.others = 0

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Count a request for each thousand keys."""
        for number, item in enumerate(super().list(prefix, start_after=start_after)):
            self.lists += number % _PAGE == 0 and number > 0
            if number == 0:
                self.lists += 1
            yield item

    def delete(self, keys: Iterable[str]) -> None:
        """Count a request for each thousand keys."""
        batch = list(keys)
        self.deletes += -(-len(batch) // _PAGE)
        super().delete(batch)

    def get(self, key: str) -> bytes:
        """Count it."""
        self.others += 1
        return super().get(key)


def main(argv: Sequence[str] | None = None) -> None:
    """Run it for a quarter of the sessions, and for all of them."""
    parser = argparse.ArgumentParser(prog="benchmarks.retention", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000, help="of the day that expires")
    args = parser.parse_args(argv)
    dry, done = [], []
    for sessions in (args.sessions // 4, args.sessions):
        with scratch() as folder:
            say(f"{sessions:,} sessions a day are made")
            _apart(_fill, folder, sessions)
            dry.append(_apart(_expire, folder, True))
            done.append(_apart(_expire, folder, False))
    show(
        "Retention of a day",
        ("", "sessions", "s", "peak MB", "of it before", "LIST", "DELETE", "GET", "commits"),
        [
            (
                name,
                f"{run.sessions:,} of {run.sessions + run.remaining:,}",
                f"{run.seconds:.1f}",
                f"{run.peak_bytes / MB:.0f}",
                f"{run.before_bytes / MB:.0f}",
                run.lists,
                run.deletes,
                run.others,
                run.commits,
            )
            for pair in zip(dry, done, strict=True)
            for name, run in zip(("dry run", "removed"), pair, strict=True)
        ],
    )
    growth = done[1].peak_bytes / done[0].peak_bytes
    print(f"peak with four times the sessions: x {growth:.2f}, {verdict(growth <= _GROWTH_MAX)}")


def _apart(action: Callable[..., Any], *arguments: object) -> Any:
    """Run something in a process of its own, so that memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(action, arguments)


def _expire(folder: Path, dry_run: bool) -> RunCost:
    pin(cores()[0])
    settings = Settings(lake=str(folder))
    store = CountingStore(folder)
    before = sum(Table(store, name).snapshot().version for name in BY_SESSION)
    forget_peak(os.getpid())
    before_bytes = peak_rss_bytes()
    store.lists = store.others = 0
    began = time.perf_counter()
    (day,) = expired_days(store, settings, now_ms=NOW_MS)
    done = expire_day(store, settings, day, now_ms=NOW_MS, dry_run=dry_run)
    seconds = time.perf_counter() - began
    commits = sum(Table(store, name).snapshot().version for name in BY_SESSION) - before
    return RunCost(
        done.session_count,
        sum(done.kept.values()),
        seconds,
        before_bytes,
        peak_rss_bytes(),
        store.lists,
        store.deletes,
        store.others,
        commits,
    )


def _fill(folder: Path, sessions: int) -> None:
    """Write rows of some days in their cold parts, and the session files of the first."""
    store = LocalStore(folder)
    chance = Random(1)
    website_ids = [
        websites.create(
            store, f"{number}", plan="enterprise" if number < _LASTING else "pro", now_ms=NOW_MS
        ).website_id
        for number in range(_WEBSITES)
    ]
    # The last day that `pro` does not keep, and those behind it.
    begins = (NOW - timedelta(days=61)).replace(hour=0)
    for number in range(_DAYS):
        day_ms = int((begins + timedelta(days=number)).timestamp() * 1000)
        keys_of_day = [
            (
                website_ids[_rank(chance)],
                ids.uuid7(day_ms + chance.randrange(86_400_000), chance.getrandbits(74)),
            )
            for _ in range(sessions)
        ]
        rows = pl.DataFrame(keys_of_day, schema=["website_id", "session_id"], orient="row")
        for name, each in _ROWS.items():
            _write(store, name, rows, each)
        move_to_cold(store, utc_day(NOW_MS))
        if number == 0:
            _write_files(folder, keys_of_day)
        summarise_day(store, utc_day(day_ms))


def _rank(chance: Random) -> int:
    """Return a website's number: a tenth goes to those that last, small ones are seldom."""
    if chance.random() < 0.1:
        return chance.randrange(_LASTING)
    return _LASTING + int((_WEBSITES - _LASTING) * chance.random() ** 2)


def _write(store: LocalStore, name: str, sessions: pl.DataFrame, each: int) -> None:
    """Add rows to a table, in hot parts: ids as they are, all else made up."""
    at_ms = pl.col("session_id").map_elements(ids.at_ms_of, return_dtype=pl.Int64)
    rows = (
        sessions.with_columns(started_at=pl.from_epoch(at_ms, "ms").dt.replace_time_zone("UTC"))
        .with_columns(part=pl.col("started_at").dt.strftime("%Y-%m-%dT%H"))
        .with_columns(number=pl.int_ranges(each))
        .explode("number")
        .with_columns(hash=pl.struct("session_id", "number").hash(7))
    )
    made = []
    for column, kind in POLARS_SCHEMAS[name].items():
        if column in rows.columns:
            made.append(pl.col(column).cast(kind))
        elif column.endswith("_no"):
            made.append(pl.col("number").cast(kind).alias(column))
        elif kind == pl.String:
            made.append(pl.concat_str(pl.lit("text-"), "hash").alias(column))
        elif kind == pl.Binary:
            made.append(pl.concat_str(pl.lit("x" * 100), "hash").cast(kind).alias(column))
        elif isinstance(kind, pl.Datetime):
            made.append(pl.col("started_at").cast(kind).alias(column))
        elif kind == pl.Boolean or kind.is_numeric():
            made.append((pl.col("hash") % 100).cast(kind).alias(column))
        else:
            made.append(pl.lit(None, kind).alias(column))
    ready = rows.select(made)
    table = Table(store, name)
    table.snapshot()
    table.replace(set(ready["part"]), sorted_rows(name, ready))


def _write_files(folder: Path, sessions: Sequence[tuple[str, str]]) -> None:
    """Write small objects in the place of session files; not durable, and quick."""
    for website_id, session_id in sessions:
        day = ids.day_of(session_id)
        path = folder / keys.session_file_key(day, website_id, session_id, "0" * 16)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * _FILE_BYTES)


if __name__ == "__main__":
    main()
