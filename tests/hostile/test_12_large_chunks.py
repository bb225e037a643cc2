"""Chunks that inflate to megabytes wait for each other, and no other website waits for them."""

import asyncio
import gzip
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import httpx
import pytest
from prometheus_client import Gauge

from benchmarks.ingest import load
from ingest_api.app import create_app
from ingest_api.chunk_reader import ReadRequest, inflated_bytes_max
from ingest_api.fair_share import LoopDelay, WebsiteLimits
from ingest_api.http.request_body import Overloaded
from ingest_api.large_chunks import LargeChunkReaders
from lake.errors import LakeError, TooManyRequests
from lake.settings import MIB, Settings
from lake.storage.base import Store, open_store
from tests.hostile.flood import flooding, post
from tests.hostile.honest_visitor import Timings, compare, upload
from tests.ingest_api.recording import NOW_MS, Recorder, counted, headers, recording_website, stored
from tests.support.asgi import AppClient
from tests.support.processes import serving

LIMIT = 32 * MIB


def body(raw_bytes: int, *, noise_bytes: int = 0, at_ms: int = NOW_MS) -> bytes:
    """One chunk that inflates to so much, gzipped."""
    noise = random.Random(1).randbytes(noise_bytes).hex()
    text = noise + "a" * (raw_bytes - len(noise) - 100)
    raw = b'[{"type":2,"timestamp":%d,"data":{"text":"%b"}}]' % (at_ms, text.encode())
    return gzip.compress(raw, 6, mtime=0)


def request(payload: bytes) -> ReadRequest:
    raw_bytes_max = inflated_bytes_max(payload, "gzip", limit_bytes=LIMIT)
    return ReadRequest(payload, "gzip", "page", 0, raw_bytes_max, LIMIT)


def test_a_website_with_one_chunk_passes_one_with_many() -> None:
    huge, small = request(body(LIMIT)), request(body(2 * MIB))
    order: list[str] = []

    async def read(large: LargeChunkReaders, website_id: str, read_request: ReadRequest) -> None:
        await large.read(website_id, read_request)
        order.append(website_id)

    async def read_concurrently() -> None:
        large = LargeChunkReaders(LIMIT)
        await read(large, "first", small)  # starts the readers
        await asyncio.gather(
            *(read(large, name, huge) for name in ("noisy", "loud") for _ in range(3)),
            *(read(large, "quiet", small) for _ in range(2)),
        )
        large.close()

    asyncio.run(read_concurrently())

    # One huge chunk at a time, however many websites send them, and the noisy two take turns.
    noisy = ["noisy", "noisy", "loud", "noisy", "loud", "loud"]  # the first met no queue
    assert [name for name in order if name != "quiet"][1:] == noisy
    assert order.index("quiet") <= 2
    assert order.index("loud") > order.index("quiet")


def test_queued_bytes_of_one_website_are_bounded() -> None:
    huge = request(body(LIMIT))

    async def read_concurrently() -> list[object]:
        large = LargeChunkReaders(LIMIT)
        answers = await asyncio.gather(
            *(large.read("noisy", huge) for _ in range(14)), return_exceptions=True
        )
        large.close()
        return list(answers)

    answers = asyncio.run(read_concurrently())

    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    assert len(refused) == 14 - 9  # one is read, eight times 32 MB wait
    assert not any(isinstance(answer, LakeError) for answer in answers if answer not in refused)


def test_inflated_bytes_count_in_a_websites_share() -> None:
    loop_delay = LoopDelay(Gauge("late", "", registry=None))
    limits = WebsiteLimits(
        Settings(), waiting_bytes=lambda: 0, loop_delay=loop_delay, clock_s=lambda: 100.0
    )
    limits._loop_delay.watch = lambda: None  # type: ignore[method-assign]  # no loop runs
    for _ in range(2):
        limits.record("noisy", 135_000, 32 * MIB)
        limits.record("quiet", 300_000, 2 * MIB)
    loop_delay.seconds = 1.0

    limits.admit("quiet")
    with pytest.raises(TooManyRequests):
        limits.admit("noisy")


def test_body_inflates_to_no_more_than_its_declared_size() -> None:
    """The trailer's length decides where a chunk is read, so that a lie is no way in."""
    honest = body(5 * MIB)
    lying = honest[:-4] + (1000).to_bytes(4, "little")
    bomb = gzip.compress(bytes(64 * MIB), 9, mtime=0)

    assert request(honest).raw_bytes_max == len(gzip.decompress(honest))
    assert request(lying).raw_bytes_max == 1000
    assert request(bomb).raw_bytes_max == LIMIT
    assert request(b"").raw_bytes_max == 0


def test_large_chunks_are_stored_or_refused_as_small_ones_are(
    settings: Settings, store: Store
) -> None:
    website_id = recording_website(store).website_id
    good = body(5 * MIB)
    sent = {
        202: good,
        400: good[:-4] + (1000).to_bytes(4, "little"),
        413: gzip.compress(bytes(64 * MIB), 9, mtime=0),
    }
    broken = gzip.compress(b"[" + bytes(5 * MIB), 6, mtime=0)
    with AppClient(create_app(settings, store, clock=lambda: NOW_MS)) as client:

        def answer(payload: bytes) -> httpx.Response:
            params = Recorder(website_id, NOW_MS).params()
            return client.post("/v1/chunks", params=params, content=payload, headers=headers())

        assert {status: answer(payload).status_code for status, payload in sent.items()} == {
            status: status for status in sent
        }
        assert answer(sent[413]).json()["limit_bytes"] == LIMIT
        assert answer(broken).json()["kind"] == "chunk-malformed"
    (received_chunk,) = stored(store)
    assert received_chunk.payload == good
    assert received_chunk.facts.snapshot_count == 1


def test_a_reader_that_is_killed_fails_its_chunk_and_no_other() -> None:
    async def killed_between() -> list[str]:
        large = LargeChunkReaders(LIMIT)
        await large.read("shop", request(body(2 * MIB)))
        for reader in large._idle[False]:
            os.kill(reader._process.pid, signal.SIGKILL)
            reader._process.wait()
        failed = []
        for _ in range(4):
            try:
                await large.read("shop", request(body(2 * MIB)))
            except LakeError as error:
                failed.append(error.kind)
        large.close()
        return failed

    assert asyncio.run(killed_between()) in (["overloaded"], ["overloaded"] * 2)


def large_snapshots(port: int, website_id: str, seconds: float) -> Timings:
    """First snapshots of about 300 kB that inflate to 2 MB, ten a second."""
    payload = body(2 * MIB, noise_bytes=280_000, at_ms=time.time_ns() // 1_000_000)
    result = load.paced(port, _chunks(website_id, payload), connections=8, seconds=seconds, rate=10)
    return Timings(result.latencies_s, result.statuses, result.lost)


def _chunks(website_id: str, payload: bytes) -> Iterator[load.Request]:
    while True:
        recorder = Recorder(website_id, time.time_ns() // 1_000_000)
        yield post(recorder.params(), payload)


@pytest.mark.long
def test_inflating_chunks_do_not_delay_an_honest_visitor(tmp_path: Path) -> None:
    """Neither one who sends large first snapshots nor one who sends small chunks."""
    settings = Settings(lake=str(tmp_path / "lake"))
    store = open_store(settings)
    honest, hostile = (recording_website(store).website_id for _ in range(2))
    now_ms = time.time_ns() // 1_000_000
    payload = body(LIMIT, noise_bytes=50_000, at_ms=now_ms)
    requests = [post(Recorder(hostile, now_ms).params(), payload) for _ in range(25)]

    with (
        serving(settings, tmp_path / "log") as server,
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
    ):

        def snapshots() -> Timings:
            return pool.submit(large_snapshots, server.port, honest, 8.0).result()

        def received() -> bool:
            return counted(httpx.get(f"{server.url}/metrics").text, hostile)["received"] > 2

        attack = partial(flooding, server.port, requests, connections=25, has_begun=received)
        snapshots()  # starts the readers
        large, small = (
            compare(snapshots, attack),
            compare(partial(upload, server.port, honest), attack),
        )

    assert large.p99_ratio <= 1.5, large
    assert set(large.beside.statuses) == {202}, large
    assert small.p99_ratio <= 1.5, small
