"""An attack on the batch: chunks that reuse a sequence number with other bytes."""

import time
from collections.abc import Iterator, Sequence

from benchmarks.machine import say
from benchmarks.noisy.measuring import USUAL, Bench, Row, Shop, now_ms, shop
from benchmarks.noisy.uploads import meta, zipped
from benchmarks.recorded import Session
from lake import ids
from lake.compaction import compact_day, pending_days
from lake.raw import chunk_codec, segment_writer
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import open_store
from tests.hostile.honest_visitor import Comparison, Timings

_SESSIONS = 15
_CONFLICTS = 1_500
_SEGMENT_CHUNKS = 100


def conflicting(bench: Bench) -> Iterator[Row]:
    """1,500 chunks of one place in one session; the day is compacted with and without them."""
    began_ms = now_ms()
    honest_chunks = [
        received_chunk
        for number in range(_SESSIONS)
        for received_chunk in Session(number, began_ms).received_chunks()
    ]
    alone, beside = Timings(), Timings()
    quarantined = 0
    for timings, count in ((alone, 0), (beside, _CONFLICTS)):
        settings = bench.lake(f"conflicts-{count}")
        noisy, honest = shop(settings), shop(settings)
        received_chunks = [chunk._replace(website_id=honest.website_id) for chunk in honest_chunks]
        _append(settings, [*received_chunks, *_conflicts(noisy, count, began_ms)])
        say(f"  compaction with {count:,} conflicts")
        timings.latencies_s.append(_compacted_s(settings))
        quarantined = sum(1 for _ in open_store(settings).list(keys.QUARANTINE))
    yield Row(
        number="9",
        attack=f"{_CONFLICTS:,} chunks of one place",
        honest=f"{_SESSIONS} sessions are compacted",
        bar=USUAL,
        compared=Comparison(alone, beside),
        notes=[f"{quarantined:,} objects in quarantine"],
    )


def _append(settings: Settings, received_chunks: Sequence[ReceivedChunk]) -> None:
    store = open_store(settings)
    for start in range(0, len(received_chunks), _SEGMENT_CHUNKS):
        segment_writer.append(
            store, received_chunks[start : start + _SEGMENT_CHUNKS], now_ms=now_ms()
        )


def _compacted_s(settings: Settings) -> float:
    store = open_store(settings)
    began_s = time.perf_counter()
    for day in pending_days(store):
        compact_day(store, settings, day, now_ms=now_ms())
    return time.perf_counter() - began_s


def _conflicts(noisy: Shop, count: int, began_ms: int) -> Iterator[ReceivedChunk]:
    session_id = ids.new_uuid7(began_ms)
    page_id = ids.new_uuid7(began_ms)
    for number in range(count):
        payload = zipped([meta(f"https://a.example/{number}", began_ms + number)])
        raw = chunk_codec.inflate(payload, "gzip", raw_bytes_max=1 << 20)
        facts = chunk_codec.read_chunk(raw, page_id=page_id, seq=0)
        yield ReceivedChunk(
            noisy.website_id,
            session_id,
            facts,
            Client(),
            began_ms * 1000 + number,
            "gzip",
            payload,
            len(payload),
        )
