"""A year of operation at small scale: does anything grow once retention takes as much as comes?

    python -m benchmarks.year [--days N] [--sessions N]

Three websites (pro, pro, free) with 40 sessions a day, some of whose chunks come hours or a day
late; three compactions a day, summaries, retention, every week an erasure, at night maintenance:
the real functions, under a clock that everything in the process believes (`benchmarks.clock`).
Printed by month, before that night's maintenance: what lies in the lake, and what a list costs.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clock import Clock, under_own_clock
from benchmarks.machine import peak_rss_bytes, quantile, say, show, verdict
from lake import erasure, ids
from lake.compaction import compact_day, pending_days
from lake.control import websites
from lake.control.websites import Website
from lake.operations.check.run import check
from lake.operations.maintenance import maintain
from lake.raw import chunk_codec, segment_writer
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.retention.run import expire_day, expired_days
from lake.settings import Settings
from lake.storage.base import Store, open_store
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Table
from lake.tables.schemas import SCHEMAS

_DAY_MS = 86_400_000
_COMPACTIONS = 3  # a day
_MONTH = 30
_GROWTH_MAX = 1.15  # of the last month over the first full one


@dataclass
class Month:
    """Measurements of one month."""

    compaction_s: list[float] = field(default_factory=list)
    maintenance_s: list[float] = field(default_factory=list)
    listed_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--sessions", type=int, default=40, help="a day")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="replaylake-bench-") as name:
        _year(Path(name) / "lake", options.days, options.sessions)


def _year(folder: Path, days: int, per_day: int) -> None:
    clock, source = Clock(), random.Random(1)
    settings = Settings(lake=str(folder), plan_days="pro=60,free=7")
    store = open_store(settings)
    sites = [
        websites.create(store, "Shop", plan=plan, origins=("*",), now_ms=clock())
        for plan in ("pro", "pro", "free")
    ]
    warm = Lake(store, settings, clock)
    late: list[ReceivedChunk] = []
    rows, month = [], Month()
    began_s = time.monotonic()
    for number in range(days):
        midnight_ms = -(-clock() // _DAY_MS) * _DAY_MS
        coming = [*late]
        late = []
        for _ in range(per_day):
            now, after = _session(source, source.choice(sites), midnight_ms)
            coming += now
            late += after
        coming.sort(key=lambda received_chunk: received_chunk.received_at)
        spent_s = 0.0
        for turn in range(_COMPACTIONS):
            clock.set(midnight_ms + (turn + 1) * _DAY_MS // (_COMPACTIONS + 2))
            mine = [a for a in coming if a.received_at <= clock() * 1000]
            coming = coming[len(mine) :]
            if mine:
                segment_writer.append(store, mine, now_ms=clock())
            at_s = time.perf_counter()
            for day in pending_days(store):
                compact_day(store, settings, day, now_ms=clock())
                summarise_day(store, day)
            spent_s += time.perf_counter() - at_s
            month.warm_ms.append(_listed_ms(warm, source.choice(sites)))
        late += coming
        month.compaction_s.append(spent_s)
        month.listed_ms.append(_listed_ms(Lake(store, settings, clock), source.choice(sites)))
        if number % 7 == 6:
            _erase(warm, sites[0], clock)
        clock.stamp(folder)
        if number % _MONTH == _MONTH - 1 or number == days - 1:
            rows.append(_row(number + 1, folder, store, month))
            month = Month()
            say(f"{time.monotonic() - began_s:.0f} s: {rows[-1]}")
        at_s = time.perf_counter()
        for day in expired_days(store, settings, now_ms=clock()):
            expire_day(store, settings, day, now_ms=clock())
        maintain(store, settings, now_ms=clock())
        month.maintenance_s.append(time.perf_counter() - at_s)
        clock.stamp(folder)
    _show(rows)
    broken = check(store, settings, now_ms=clock())
    print(f"check: {broken or 'nothing is broken'}; peak {peak_rss_bytes() / 1e6:.0f} MB")


def _session(
    source: random.Random, website: Website, midnight_ms: int
) -> tuple[list[ReceivedChunk], list[ReceivedChunk]]:
    """Return the chunks of a session that began today: those of today, and those of tomorrow."""
    began_ms = midnight_ms + source.randrange(3_600_000, _DAY_MS * 3 // 4)
    session_id, page_id = ids.new_uuid7(began_ms), ids.new_uuid7(began_ms)
    client = Client(visitor_id=f"{source.randrange(200):032x}", device_type="desktop")
    made = []
    for seq in range(source.randint(2, 5)):
        at_ms = began_ms + seq * 5_000
        raw = json.dumps(_events(source, at_ms, seq)).encode()
        facts = chunk_codec.read_chunk(raw, page_id=page_id, seq=seq)
        delay_ms = source.choice((100, 100, 100, 100, 3 * 3_600_000, _DAY_MS)) if seq else 100
        made.append(
            ReceivedChunk(
                website.website_id,
                session_id,
                facts,
                client,
                (at_ms + delay_ms) * 1000,
                "",
                raw,
                len(raw),
            )
        )
    end_us = (midnight_ms + _DAY_MS * 5 // 6) * 1000
    return [a for a in made if a.received_at < end_us], [a for a in made if a.received_at >= end_us]


def _events(source: random.Random, at_ms: int, seq: int) -> list[dict[str, object]]:
    events: list[dict[str, object]] = []
    if not seq:
        url = f"https://shop.example/{source.randrange(50)}"
        node = {"type": 3, "id": 1, "textContent": source.randbytes(200).hex()}
        data = {"href": url, "width": 1280, "height": 720}
        events += [
            {"type": 4, "timestamp": at_ms, "data": data},
            {"type": 2, "timestamp": at_ms, "data": {"node": node, "initialOffset": {}}},
        ]
    events += [
        {"type": 3, "timestamp": at_ms + n * 100, "data": {"source": 2, "type": 2, "id": n}}
        for n in range(10)
    ]
    if source.random() < 0.1:
        payload = {"message": f"x is {source.randrange(9)}", "stack": "at pay (cart.js:1:2)"}
        data = {"tag": "replaylake.error", "payload": payload}
        events.append({"type": 5, "timestamp": at_ms + 2000, "data": data})
    return events


def _listed_ms(lake: Lake, website: Website) -> float:
    at_s = time.perf_counter()
    list_sessions(lake, website, SessionQuery())
    return (time.perf_counter() - at_s) * 1000


def _erase(lake: Lake, website: Website, clock: Clock) -> None:
    """Erase one of the sessions that a list shows."""
    first = list_sessions(lake, website, SessionQuery()).rows[-1]["session_id"]
    wanted = erasure.ErasureTargets(sessions=(first,))
    receipt = erasure.request_erasure(lake, website.website_id, wanted, by="benchmark")
    erasure.execute_requests(lake.store, lake.settings, [receipt], now_ms=clock, sleep=clock.sleep)


def _row(day: int, folder: Path, store: Store, month: Month) -> list[object]:
    snapshots = [Table(store, name).snapshot() for name in SCHEMAS]
    logs = [path for path in folder.glob("tables/*/_delta_log/*") if path.is_file()]
    return [
        day,
        sum(1 for _ in store.list("")),
        sum(1 for _ in store.list("sessions/")),
        sum(len(snapshot.files) for snapshot in snapshots),
        len(list(folder.glob("tables/*/part=*/*.parquet"))),
        len(logs),
        round(sum(path.stat().st_size for path in logs) / 1000),
        *(f"{quantile(month.listed_ms, q):.1f}" for q in (0.5, 0.95)),
        *(f"{quantile(month.warm_ms, q):.1f}" for q in (0.5, 0.95)),
        f"{sum(month.compaction_s) / len(month.compaction_s):.2f}",
        f"{sum(month.maintenance_s) / max(1, len(month.maintenance_s)):.2f}",
    ]


def _show(rows: list[list[object]]) -> None:
    columns = (
        *("day", "objects", "session files", "table files", "with former ones"),
        *("log files", "log kB", "fresh p50 ms", "p95", "warm p50", "p95"),
        *("compaction s a day", "maintenance s"),
    )
    show("a year, month by month", columns, rows)
    full = [row for row in rows if int(str(row[0])) >= 3 * _MONTH]
    if len(full) > 1:
        for number in range(1, 7):
            growth = float(str(full[-1][number])) / max(1.0, float(str(full[0][number])))
            print(f"{columns[number]}: {growth:.2f} times the third month's", end=" ")
            print(verdict(growth <= _GROWTH_MAX))


if __name__ == "__main__":
    under_own_clock("benchmarks.year")
    main()
