"""The parts of a chunk's way in, each timed alone on one core: what ingest could be at best."""

import statistics
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from benchmarks.recorded import Session
from lake.raw import chunk_codec, segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.storage.base import Store


def timed(work: Callable[[], object], *, seconds: float = 0.7) -> tuple[float, float]:
    """Run `work` again and again; return the medians of its CPU time and its wall time, in s."""
    used: list[float] = []
    took: list[float] = []
    began = time.perf_counter()
    while len(used) < 3 or time.perf_counter() - began < seconds:
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        used.append(time.process_time() - cpu)
        took.append(time.perf_counter() - wall)
    return statistics.median(used), statistics.median(took)


def parts(
    store: Store, bodies: Sequence[bytes], chunks_per_segment: int
) -> dict[str, tuple[float, float]]:
    """Return (CPU, wall) seconds per chunk by part.

    Args:
        chunks_per_segment: As the server's group commits had it.
    """
    raws = [chunk_codec.inflate(body, "gzip", raw_bytes_max=1 << 25) for body in bodies]
    received_chunk = next(Session(0, 1_795_000_000_000).received_chunks())
    facts = [chunk_codec.read_chunk(raw, page_id="p", seq=i) for i, raw in enumerate(raws)]
    batch = [
        ReceivedChunk(
            received_chunk.website_id,
            received_chunk.session_id,
            facts[i % len(facts)],
            received_chunk.client,
            received_chunk.received_at,
            "gzip",
            bodies[i % len(bodies)],
            len(bodies[i % len(bodies)]),
        )
        for i in range(chunks_per_segment)
    ]
    segment = segment_file.encode(batch)

    def put() -> None:
        store.put_new(f"raw/date=2026-11-18/{uuid4().hex}.parquet", segment, token="t")

    works: dict[str, tuple[Callable[[], object], int]] = {
        "inflate (isal)": (
            lambda: [chunk_codec.inflate(body, "gzip", raw_bytes_max=1 << 25) for body in bodies],
            len(bodies),
        ),
        "typed decode and count": (
            lambda: [chunk_codec.read_chunk(raw, page_id="p", seq=0) for raw in raws],
            len(raws),
        ),
        "Parquet encode": (lambda: segment_file.encode(batch), len(batch)),
        "durable write": (put, len(batch)),
    }
    timings = {}
    for name, (work, count) in works.items():
        cpu_s, wall_s = timed(work)
        timings[name] = (cpu_s / count, wall_s / count)
    return timings
