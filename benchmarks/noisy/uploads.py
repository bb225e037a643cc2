"""Attacks by uploads: slow redaction, long URLs, many days, large once inflated."""

import asyncio
import gzip
import itertools
import json
import math
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.noisy.measuring import STRICT, USUAL, AttackSpec, Bench, Row, now_ms, shop
from benchmarks.noisy.sending import Client, Outcomes, post
from lake import ids
from lake.settings import Settings
from tests.hostile import honest_visitor
from tests.s3.endpoint import Fault, S3Endpoint

_DAY_MS = 86_400_000
_PATH = "/v1/chunks?website={website}&session={session}&page={page}&seq={seq}&secret={secret}"
_SLOW_URL = "https://a.example/?q=" + "%40" * 30_000 + "!"
_LONG_URL_BYTES = 20_000_000
_LONG_URLS = 24
_DAYS = 180
_LATENCY_S = 0.05
_BOMBS = 25
_BOMB_RAW_BYTES = 32_000_000
_EVERY_S = 0.1  # one connection's pause between two of its uploads


def upload(
    website_id: str,
    body: bytes,
    *,
    began_ms: int,
    secret: str = "",
    page: str = "",
    seq: int = 0,
) -> bytes:
    """Return the upload of a chunk, of a new session unless its secret is given."""
    secret = secret or os.urandom(16).hex()
    path = _PATH.format(
        website=website_id,
        session=ids.session_id_of(secret, began_ms),
        page=page or ids.new_uuid7(began_ms),
        seq=seq,
        secret=secret,
    )
    return post(path, body)


def meta(url: str, at_ms: int) -> dict[str, object]:
    """Return a Meta event."""
    data = {"href": url, "width": 800, "height": 600}
    return {"type": 4, "timestamp": at_ms, "data": data}


def zipped(events: list[dict[str, object]], level: int = 6) -> bytes:
    """Return the body of a chunk."""
    return gzip.compress(json.dumps(events).encode(), level, mtime=0)


def slow_to_scrub(bench: Bench) -> Iterator[Row]:
    """One small chunk whose URL takes a quadratic pattern long, again and again."""
    settings = bench.lake("slow-to-scrub")
    noisy, honest = shop(settings), shop(settings)
    body = zipped([meta(_SLOW_URL, now_ms())], 9)
    with bench.server(settings) as server:

        async def attack(outcomes: Outcomes) -> None:
            client = Client(server.port, outcomes)
            while True:
                await client.send(upload(noisy.website_id, body, began_ms=now_ms()))
                await asyncio.sleep(_EVERY_S)

        ready = partial(
            honest_visitor.uploader, server.port, honest.website_id, seconds=bench.seconds
        )
        spec = AttackSpec("1", f"URL of %40, {len(body)} B a chunk", "uploads", STRICT, attack)
        yield bench.compare(spec, ready, server)


def hard_to_forget(bench: Bench) -> Iterator[Row]:
    """24 chunks in a turn, each with another URL of 20 MB."""
    settings = bench.lake("hard-to-forget")
    noisy, honest = shop(settings), shop(settings)
    bodies = itertools.cycle(
        [
            zipped([meta(f"https://a.example/{i}?{'a' * _LONG_URL_BYTES}", now_ms())], 1)
            for i in range(_LONG_URLS)
        ]
    )
    with bench.server(settings) as server:

        async def attack(outcomes: Outcomes) -> None:
            client = Client(server.port, outcomes)
            for body in itertools.islice(bodies, _LONG_URLS):
                await client.send(upload(noisy.website_id, body, began_ms=now_ms()))
                await asyncio.sleep(_EVERY_S)

        ready = partial(
            honest_visitor.uploader, server.port, honest.website_id, seconds=bench.seconds
        )
        spec = AttackSpec("2", "24 chunks with a URL of 20 MB", "uploads", STRICT, attack)
        yield bench.compare(spec, ready, server)


def many_days(bench: Bench) -> Iterator[Row]:
    """Sessions of 180 days, a chunk of each about every second; on a folder, then on S3."""
    yield _many_days(bench, bench.lake("many-days"), "a folder")
    with slow_s3() as endpoint:
        yield _many_days(bench, endpoint.settings(), "S3 with 50 ms")


def _many_days(bench: Bench, settings: Settings, where: str) -> Row:
    noisy, honest = shop(settings, plan="enterprise"), shop(settings)
    body = zipped([meta("https://a.example/", now_ms())])
    with bench.server(settings) as server:

        async def visit(outcomes: Outcomes, days_ago: int) -> None:
            client = Client(server.port, outcomes)
            await asyncio.sleep(random.random())
            while True:
                began_ms = now_ms() - days_ago * _DAY_MS
                await client.send(upload(noisy.website_id, body, began_ms=began_ms))
                await asyncio.sleep(1)

        async def attack(outcomes: Outcomes) -> None:
            await asyncio.gather(*(visit(outcomes, ago) for ago in range(_DAYS)))

        ready = partial(
            honest_visitor.uploader, server.port, honest.website_id, seconds=bench.seconds
        )
        spec = AttackSpec("6", f"sessions of {_DAYS} days, {where}", "uploads", USUAL, attack)
        return bench.compare(spec, ready, server)


def large_inflated(bench: Bench) -> Iterator[Row]:
    """25 chunks at once, each 32 MB once inflated; the next 25 when they are answered."""
    settings = bench.lake("large-inflated")
    noisy, honest = shop(settings), shop(settings)
    body = zipped([_large_event()])
    with bench.server(settings) as server:

        async def attack(outcomes: Outcomes) -> None:
            clients = [Client(server.port, outcomes) for _ in range(_BOMBS)]
            while True:
                chunks = (upload(noisy.website_id, body, began_ms=now_ms()) for _ in clients)
                await asyncio.gather(
                    *(client.send(chunk) for client, chunk in zip(clients, chunks, strict=True))
                )
                await asyncio.sleep(1)

        ready = partial(
            honest_visitor.uploader,
            server.port,
            honest.website_id,
            seconds=bench.seconds,
            per_s=4,
            large=True,
        )
        name = f"25 chunks, {len(body) // 1000} kB inflate to 32 MB"
        yield bench.compare(
            AttackSpec("12", name, "first snapshots", STRICT, attack), ready, server
        )


@contextmanager
def slow_s3() -> Iterator[S3Endpoint]:
    """An S3 endpoint that answers 50 ms late."""
    with S3Endpoint() as endpoint:
        endpoint.faults.add(Fault(kind="late-answer", times=math.inf, delay_s=_LATENCY_S))
        yield endpoint


def _large_event() -> dict[str, object]:
    """Many small events would be refused for their number; many small nodes are parsed."""
    node = {"type": 3, "id": 12_345, "textContent": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    count = _BOMB_RAW_BYTES // len(json.dumps(node) + ", ")
    tree = {"type": 0, "id": 1, "childNodes": [node] * count}
    return {"type": 2, "timestamp": now_ms(), "data": {"node": tree}}
