"""Operations per million 3-minute sessions at R2's prices, by traffic; and stored bytes.

    python -m benchmarks.cost [--per-day 1000000 10000] [--minutes 1] [--linger-ms 1000]

Operations are counted at a local R2, of sessions with all their chunks but short events; bytes
are those of sessions as recorded.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.cost.operations import Operations, class_of, counted, dollars
from benchmarks.cost.simulation import (
    BEGAN_MS,
    DAY,
    SESSION_MS,
    WARM_MINUTES,
    Simulated,
    Traffic,
    simulate,
    watch,
    website_of,
)
from benchmarks.machine import say, scratch, show, verdict
from benchmarks.recorded import Session
from lake.compaction import compact_day
from lake.operations.maintenance import maintain
from lake.raw import segment_writer
from lake.settings import Settings
from lake.storage.base import Store, open_store
from lake.tables.delta_table import Table
from lake.tables.schemas import SCHEMAS

_DOLLARS_MAX, _WIRE_SHARE_MAX, _TABLE_BYTES_MAX = 10.0, 0.70, 1000
_DAY_MS = 86_400_000


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.cost", description=__doc__)
    parser.add_argument("--per-day", type=float, nargs="+", default=[1_000_000, 10_000])
    parser.add_argument("--minutes", type=int, default=1, help="counted, after 5 that are not")
    parser.add_argument("--linger-ms", type=int, default=1000, help="as on a bucket")
    parser.add_argument("--put-ms", type=float, default=80.0, help="of one segment, at R2")
    parser.add_argument("--compact-s", type=int, default=60, help="between compactions")
    parser.add_argument("--chunks-max", type=int, default=Settings().compact_chunks_max)
    parser.add_argument("--stored", type=int, default=4_000, help="sessions for the tables' bytes")
    args = parser.parse_args(argv)
    if args.minutes:
        with counted() as operations:
            for per_day in args.per_day:
                settings = replace(
                    operations.endpoint.settings(),
                    ingest_linger_ms=args.linger_ms,
                    compact_chunks_max=args.chunks_max,
                )
                traffic = Traffic(per_day, args.minutes, args.put_ms, compact_s=args.compact_s)
                _operations(settings, traffic, operations)
    if args.stored:
        with scratch() as folder:
            _file_bytes(folder)
            _table_bytes(folder, args.stored)


def _operations(settings: Settings, traffic: Traffic, operations: Operations) -> None:
    say(f"{traffic.sessions_per_day:,.0f} sessions a day, {WARM_MINUTES + traffic.minutes} minutes")
    store = open_store(settings)
    began = time.perf_counter()
    simulated = simulate(store, settings, traffic, operations)
    say(f"took {time.perf_counter() - began:.0f} s")
    _show_operations(settings, traffic, simulated, operations.counts)
    operations.clear()
    watch(store, settings, operations, seconds=10)
    looks = operations.counts["reader"]
    print(
        f"beside that, a query replica that is asked all the time: {_listed(looks, 10)} a second, "
        f"${dollars(looks) / 10 * 86_400:.2f} a day\n"
    )
    operations.clear()


def _show_operations(
    settings: Settings, traffic: Traffic, simulated: Simulated, counts: dict[str, Counter[str]]
) -> None:
    per_million = 1e6 / simulated.session_count
    rows = []
    total = 0.0
    for who, mine in counts.items():
        for name, count in sorted(mine.items(), key=lambda item: -dollars(Counter([item[0]]))):
            cost = dollars(Counter({name: count})) * per_million
            total += cost
            if cost >= 0.005:
                rows.append(
                    (who, name, class_of(name), f"{count * per_million:,.0f}", f"{cost:.2f}")
                )
    rows.append(("all", "", "", "", f"{total:.2f}"))
    title = (
        f"{traffic.sessions_per_day:,.0f} sessions a day, per million sessions "
        f"(linger {settings.ingest_linger_ms} ms, PUT {traffic.put_ms:.0f} ms, "
        f"compaction every {traffic.compact_s} s)"
    )
    show(title, ("who", "operation", "class", "operations", "$"), rows)
    print(
        f"{simulated.chunk_count / simulated.session_count:.1f} chunks a session, "
        f"{simulated.chunk_count / simulated.segment_count:.1f} chunks a segment; "
        f"a session was written {simulated.written_count / simulated.session_count:.2f} times; "
        f"{simulated.run_count} compactions"
    )
    print(f"at most ${_DOLLARS_MAX:.0f} per million: {verdict(total <= _DOLLARS_MAX)}")


def _file_bytes(folder: Path) -> None:
    """Session files against the chunks that came over the wire."""
    say("stored bytes")
    rows = []
    totals = [0, 0]
    for name, duration_ms in (("as recorded, 36 to 119 s", None), ("3 minutes", SESSION_MS)):
        settings = Settings(lake=str(folder / name.replace(" ", "-")))
        store = open_store(settings)
        count = 6
        sessions = [Session(i, BEGAN_MS + i, duration_ms=duration_ms) for i in range(count)]
        received_chunks = [
            received_chunk for session in sessions for received_chunk in session.received_chunks()
        ]
        segment_writer.append(store, received_chunks, now_ms=BEGAN_MS)
        done = compact_day(store, settings, DAY, now_ms=BEGAN_MS + _DAY_MS)
        totals[0] += done.received_bytes
        totals[1] += done.written_bytes
        share = done.written_bytes / done.received_bytes
        rows.append(
            (
                name,
                f"{done.raw_bytes / count / 1000:,.0f}",
                f"{done.received_bytes / count / 1000:,.0f}",
                f"{done.written_bytes / count / 1000:,.0f}",
                f"{share:.2f}",
                verdict(share <= _WIRE_SHARE_MAX),
            )
        )
    columns = ("kB per session", "raw", "gzipped chunks", "session file", "file ÷ wire", "bar 0.70")
    show(f"Session files, zstd {Settings().zstd_level}", columns, rows)


def _table_bytes(folder: Path, count: int) -> None:
    """Tables after a day of small compactions, and after the night's maintenance."""
    settings = Settings(lake=str(folder / "tables"))
    store = open_store(settings)
    step = max(1, count // 20)
    for first in range(0, count, step):
        received_chunks = [
            received_chunk
            for i in range(first, min(first + step, count))
            for received_chunk in Session(
                i, BEGAN_MS + i * 3_600_000 // count, duration_ms=SESSION_MS, thin=True
            ).received_chunks(website_of(i))
        ]
        segment_writer.append(store, received_chunks, now_ms=received_chunks[0].received_at // 1000)
        compact_day(store, settings, DAY, now_ms=BEGAN_MS + _DAY_MS)
    before = {name: _sizes(store, name) for name in SCHEMAS}
    maintain(store, settings, now_ms=BEGAN_MS + 4 * _DAY_MS)
    # Two nights later: what has been garbage for a day by then goes, and so does its log.
    long_ago = time.time() - 3 * _DAY_MS / 1000
    for name in SCHEMAS:
        handle = Table(store, name).handle()
        handle.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)
        for path in (folder / "tables" / "tables" / name / "_delta_log").iterdir():
            os.utime(path, (long_ago, long_ago))
        handle.cleanup_metadata()
    after = {name: _sizes(store, name) for name in SCHEMAS}
    rows = [
        (name, *(f"{n / count:,.0f}" for n in (*before[name], *after[name]))) for name in SCHEMAS
    ]
    sums = [
        sum(sizes[i] for sizes in sizes_by_table.values())
        for sizes_by_table in (before, after)
        for i in (0, 1)
    ]
    rows.append(("all", *(f"{n / count:,.0f}" for n in sums)))
    title = f"Tables, bytes per session: {count:,} sessions in 20 compactions, then two nights"
    columns = ("table", "hot rows", "hot, all objects", "cold rows", "cold, all objects")
    show(title, columns, rows)
    live = sums[2] / count
    print(f"rows at most {_TABLE_BYTES_MAX} bytes a session: {verdict(live <= _TABLE_BYTES_MAX)}")


def _sizes(store: Store, name: str) -> tuple[int, int]:
    """Bytes of the files that readers read, and of all objects (older files, log)."""
    live = sum(file.size_bytes for file in Table(store, name).snapshot().files)
    return live, sum(item.size_bytes for item in store.list(f"tables/{name}/"))


def _listed(counts: Counter[str], by: float) -> str:
    return ", ".join(f"{count / by:.1f} {name}" for name, count in counts.most_common())


if __name__ == "__main__":
    main()
