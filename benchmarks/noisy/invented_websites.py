"""An attack by invented names: every one of them is looked up in the store."""

import asyncio
import random
import secrets
from collections.abc import Iterator
from functools import partial

from benchmarks.noisy.measuring import USUAL, AttackSpec, Bench, Row, shop
from benchmarks.noisy.sending import Client, Outcomes
from benchmarks.noisy.uploads import slow_s3
from tests.hostile import honest_visitor

_PER_S = 80
_BELIEVED_S = 2.0  # so that within a turn a known website has to be looked up again
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def invented_websites(bench: Bench) -> Iterator[Row]:
    """80 configurations a second of websites that are none, on S3 with latency."""
    with slow_s3() as endpoint:
        settings = endpoint.settings(control_cache_s=_BELIEVED_S)
        honest = shop(settings)
        with bench.server(settings) as server:

            async def visit(outcomes: Outcomes) -> None:
                client = Client(server.port, outcomes)
                await asyncio.sleep(random.random())
                while True:
                    name = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
                    head = f"GET /v1/config/w_{name} HTTP/1.1\r\nHost: a.example\r\n\r\n"
                    await asyncio.gather(client.send(head.encode()), asyncio.sleep(1))

            async def attack(outcomes: Outcomes) -> None:
                await asyncio.gather(*(visit(outcomes) for _ in range(_PER_S)))

            ready = partial(
                honest_visitor.uploader, server.port, honest.website_id, seconds=bench.seconds
            )
            name = f"invented websites, {_PER_S}/s, S3 with 50 ms"
            yield bench.compare(AttackSpec("10", name, "uploads", USUAL, attack), ready, server)
