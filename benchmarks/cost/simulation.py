"""Some minutes of traffic, in less time: the clock is simulated, what is written is real.

Sessions begin evenly and last 3 minutes. Their chunks come in when they were recorded, are joined
as `ingest_api.group_commit` joins them, and are appended; compaction runs by the clock.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cost.operations import Operations
from benchmarks.recorded import Session
from lake.compaction import compact_day, due_days
from lake.control import websites
from lake.ids import day_of, uuid7
from lake.raw import segment_writer
from lake.raw.pending_index import PendingIndex
from lake.raw.segment_file import ReceivedChunk
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage.base import Store
from lake.tables.daily_summary import summarise_day

BEGAN_MS = 1_794_999_600_000  # 2026-11-18T11:00:00Z
DAY = day_of(uuid7(BEGAN_MS, 0))
SESSION_MS = 180_000
MINUTE_MS = 60_000
WARM_MINUTES = 5  # until as many sessions end as begin, and are compacted
WEBSITES = 5


@dataclass(frozen=True)
class Traffic:
    """Simulated traffic and the intervals of sensor and compaction."""

    sessions_per_day: float
    minutes: int
    put_ms: float
    sensor_s: int = 30
    compact_s: int = 60


@dataclass
class Simulated:
    """Of the measured minutes only."""

    session_count: float = 0.0
    segment_count: int = 0
    chunk_count: int = 0
    written_count: int = 0
    run_count: int = 0


def simulate(
    store: Store, settings: Settings, traffic: Traffic, operations: Operations
) -> Simulated:
    """Run it; what is counted begins after the warm minutes."""
    for number in range(WEBSITES):
        websites.create(store, website_of(number), now_ms=BEGAN_MS)
    index = PendingIndex(store)
    result = Simulated()
    counts_from_ms = BEGAN_MS + WARM_MINUTES * MINUTE_MS
    end_ms = counts_from_ms + traffic.minutes * MINUTE_MS
    next_sensor_ms = next_compact_ms = BEGAN_MS
    is_counting = False
    for at_ms, batch in _commits(_arrivals(traffic, end_ms + MINUTE_MS), settings, traffic):
        while next_sensor_ms <= at_ms:
            with operations.during("sensor: looks for what is due"):
                due = due_days(index.refresh(), settings, next_sensor_ms)
            if due and next_sensor_ms >= next_compact_ms:
                with operations.during("compaction"):
                    done = compact_day(
                        store, settings, DAY, now_ms=next_sensor_ms, settled_only=True
                    )
                assert not done.failed, done.failed
                with operations.during("daily summary"):
                    summarise_day(store, DAY)
                result.written_count += done.session_count
                result.run_count += 1
                next_compact_ms = next_sensor_ms + traffic.compact_s * 1000
            next_sensor_ms += traffic.sensor_s * 1000
        if at_ms >= end_ms:
            break
        if at_ms >= counts_from_ms and not is_counting:
            operations.clear()
            result, is_counting = Simulated(), True
        with operations.during("ingest"):
            segment_writer.append(store, batch, now_ms=int(at_ms))
        result.segment_count += 1
        result.chunk_count += len(batch)
    result.session_count = traffic.sessions_per_day / 1440 * traffic.minutes
    return result


def watch(store: Store, settings: Settings, operations: Operations, *, seconds: int) -> None:
    """Query one replica every second without new data."""
    now = {"ms": BEGAN_MS}
    lake = Lake(store, settings, lambda: now["ms"])
    lake.snapshot()
    for _ in range(seconds):
        now["ms"] += max(1000, settings.pending_refresh_ms)
        with operations.during("reader"):
            lake.snapshot()


def website_of(number: int) -> str:
    """The website of a session."""
    return f"w_benchmark{number % WEBSITES:03d}"


def _arrivals(traffic: Traffic, end_ms: int) -> Iterator[ReceivedChunk]:
    """Chunks in order of reception."""
    every_ms = 86_400_000 / traffic.sessions_per_day
    held: list[ReceivedChunk] = []
    for minute_ms in range(BEGAN_MS, end_ms, MINUTE_MS):
        first = math.ceil((minute_ms - BEGAN_MS) / every_ms)
        last = math.ceil((minute_ms + MINUTE_MS - BEGAN_MS) / every_ms)
        for number in range(first, last):
            began_ms = BEGAN_MS + int(number * every_ms)
            session = Session(number, began_ms, duration_ms=SESSION_MS, thin=True)
            held += session.received_chunks(website_of(number))
        held.sort(key=lambda received_chunk: received_chunk.received_at)
        until = (minute_ms + MINUTE_MS) * 1000
        ready = [received_chunk for received_chunk in held if received_chunk.received_at < until]
        held = held[len(ready) :]
        yield from ready


def _commits(
    received_chunks: Iterator[ReceivedChunk], settings: Settings, traffic: Traffic
) -> Iterator[tuple[float, list[ReceivedChunk]]]:
    """Join chunks as the ingest API does: (when it is written, the chunks).

    A batch is written when nothing is being written and its first chunk has lingered.
    """
    batch: list[ReceivedChunk] = []
    due_ms = free_ms = 0.0
    for received_chunk in received_chunks:
        at_ms = received_chunk.received_at / 1000
        if batch and at_ms > (starts_ms := max(due_ms, free_ms)):
            yield starts_ms, batch
            free_ms = starts_ms + traffic.put_ms
            batch = []
        if not batch:
            due_ms = at_ms + settings.linger_ms
        batch.append(received_chunk)
    if batch:
        yield max(due_ms, free_ms), batch
