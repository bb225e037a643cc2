"""An attack on readers: one session of many chunks with many URLs each, that goes on."""

import asyncio
import itertools
import math
import os
from collections.abc import Iterator
from functools import partial

import httpx

from benchmarks.machine import MB, say
from benchmarks.noisy.measuring import STRICT, AttackSpec, Bench, Row, Shop, now_ms, shop
from benchmarks.noisy.sending import Client, Outcomes, attacking
from benchmarks.noisy.uploads import meta, upload, zipped
from lake import ids
from tests.hostile import honest_visitor
from tests.support.processes import QUERY, Server

_CHUNKS = 1_500
_URLS = 256
_SENDERS = 8
_FURTHER_EVERY_S = 0.25
_TRICKLE_EVERY_S = 0.2  # of the honest website, with or without an attack
_ANSWERS_S = 120


def one_large_session(bench: Bench) -> Iterator[Row]:
    """1,500 chunks with 256 URLs each, then some more each second; honest readers list others."""
    settings = bench.lake("one-large-session")
    noisy, honest = shop(settings), shop(settings)
    large = _Growing(noisy)
    with bench.server(settings) as ingest, bench.server(settings, QUERY) as query:
        outcomes = Outcomes()
        say(f"  {_CHUNKS} chunks with {_URLS} URLs each")
        asyncio.run(large.fill(ingest.port, outcomes))

        async def attack(outcomes: Outcomes) -> None:
            client = Client(ingest.port, outcomes)
            while True:
                await client.send(large.chunk())
                await asyncio.sleep(_FURTHER_EVERY_S)

        async def trickle(_: Outcomes) -> None:
            client = Client(ingest.port, Outcomes())
            body = zipped([meta("https://shop.example/", now_ms())])
            while True:
                await client.send(upload(honest.website_id, body, began_ms=now_ms()))
                await asyncio.sleep(_TRICKLE_EVERY_S)

        path = f"/api/websites/{honest.website_id}/sessions"
        ready = partial(
            honest_visitor.reader, query.port, path, honest.key, seconds=bench.seconds, per_s=20
        )
        name = f"a session of {_CHUNKS:,} × {_URLS} URLs grows"
        with attacking(trickle, Outcomes(), budget_s=math.inf):
            row = bench.compare(AttackSpec("8", name, "lists", STRICT, attack), ready, query)
        row.notes += [f"filled: {dict(outcomes)}", _detail(query, noisy, large)]
        yield row


class _Growing:
    """A session that gets one chunk after another, each with as many URLs as are kept of one."""

    def __init__(self, owner: Shop) -> None:
        self._website_id = owner.website_id
        self._began_ms = now_ms()
        self._page = ids.new_uuid7(self._began_ms)
        self._secret = os.urandom(16).hex()
        self._seqs = itertools.count()
        self.session_id = ids.session_id_of(self._secret, self._began_ms)

    def chunk(self) -> bytes:
        """Return the upload of the next chunk."""
        seq = next(self._seqs)
        urls = (f"https://a.example/{seq}/{number}" for number in range(_URLS))
        body = zipped([meta(url, self._began_ms + seq) for url in urls], 1)
        return upload(
            self._website_id,
            body,
            began_ms=self._began_ms,
            secret=self._secret,
            page=self._page,
            seq=seq,
        )

    async def fill(self, port: int, outcomes: Outcomes) -> None:
        """Send the first chunks."""

        async def send(count: int) -> None:
            client = Client(port, outcomes)
            for _ in range(count):
                await client.send(self.chunk())
            client.close()

        await asyncio.gather(*(send(_CHUNKS // _SENDERS) for _ in range(_SENDERS)))


def _detail(query: Server, owner: Shop, large: _Growing) -> str:
    """Say how long the session's own answer is."""
    answer = httpx.get(
        f"{query.url}/api/websites/{owner.website_id}/sessions/{large.session_id}",
        headers={"Authorization": f"Bearer {owner.key}"},
        timeout=_ANSWERS_S,
    )
    return f"the session's detail: {answer.status_code}, {len(answer.content) / MB:.1f} MB"
