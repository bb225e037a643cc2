"""Memory of a compaction depends neither on a session's size nor on a day's.

Scaled down: a session of 1 GB and a day of a million sessions are in `benchmarks/`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lake.raw.segment_file import ReceivedChunk
from lake.settings import MIB, Settings
from lake.storage.base import Store, open_store
from tests.support import lakes

COMPACT = """
import json, resource, sys, tracemalloc
from lake.compaction import compact_day, pending_days
from lake.settings import Settings
from lake.storage.base import open_store
given = json.loads(sys.argv[1])
settings = Settings(**given)
store = open_store(settings)
if sys.argv[2] == "objects":
    tracemalloc.start()
for day in pending_days(store):
    compact_day(store, settings, day, now_ms=1_795_000_000_000)
if sys.argv[2] == "objects":
    print(tracemalloc.get_traced_memory()[1])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
NOISE_BYTES = 24 * MIB  # what an allocator keeps, and threads that happen to run at once
FIRST_MS = 1_794_960_000_000  # midnight


def peak_bytes(of: str, **settings: object) -> int:
    """Compact a lake in a process of its own; return the most that it held at once.

    Args:
        of: `process`, or `objects`: Python's own, without what native allocators keep for later.
    """
    done = subprocess.run(
        [sys.executable, "-c", COMPACT, json.dumps(settings), of],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def large_session(raw_mib: int) -> Iterator[ReceivedChunk]:
    """A session of chunks of 1 MiB, each of a hundred events."""
    for seq in range(raw_mib):
        text = f"{seq} some text of a page that was changed by a script; " * 200
        events = [lakes.click(lakes.NOW_MS + 1000 * seq + at, text=text[at:]) for at in range(100)]
        yield lakes.chunk(events, seq=seq, level=1)


def lake_with(folder: Path, received_chunks: Iterator[ReceivedChunk], segment_chunks: int) -> Store:
    store = open_store(Settings(lake=str(folder)))
    segment: list[ReceivedChunk] = []
    for received_chunk in received_chunks:
        segment.append(received_chunk)
        if len(segment) == segment_chunks:
            lakes.append(store, segment)
            segment = []
    lakes.append(store, segment)
    return store


@pytest.mark.fault(39)
def test_a_session_four_times_as_large_needs_no_more_memory(tmp_path: Path) -> None:
    """Fault 39."""
    peaks = []
    for raw_mib in (30, 120):
        folder = tmp_path / f"{raw_mib}"
        store = lake_with(folder, large_session(raw_mib), 10)
        peaks.append(
            peak_bytes(
                "process",
                lake=str(folder),
                session_memory_bytes_max=8 * MIB,
                frame_bytes_min=MIB,
                frame_bytes_max=2 * MIB,
            )
        )
        (row,) = lakes.rows(store, "sessions")
        assert row["event_count"] == 100 * raw_mib
        assert list(store.list("raw/")) == []

    assert peaks[1] < peaks[0] + NOISE_BYTES


@pytest.mark.fault(40)
def test_four_times_as_many_sessions_need_no_more_memory(tmp_path: Path) -> None:
    """Fault 40: many short sessions whose chunks have large facts."""
    peaks = []
    for count in (40, 160):
        folder = tmp_path / f"{count}"
        views = [lakes.meta(lakes.NOW_MS, "https://shop.example/" + "page/" * 400)] * 8
        ids = (
            lakes.session_id(number, at_ms=FIRST_MS + 200_000 * number) for number in range(count)
        )
        short = (
            lakes.chunk(views, session=session, seq=seq) for session in ids for seq in range(8)
        )
        store = lake_with(folder, short, 40)
        peaks.append(peak_bytes("objects", lake=str(folder), compact_chunks_max=80))
        assert len(lakes.rows(store, "sessions")) == count
        assert list(store.list("raw/")) == []

    assert peaks[1] < peaks[0] + 14 * MIB  # were all of it kept, it would be 19
