"""Delay from a chunk's acknowledgement until it is in the list and in the replay.

    python -m benchmarks.freshness [--seconds 20] [--visitors 8]

Real servers on a local lake, Dagster stopped; once with nothing compacting, once with
`replaylake compact` beside, set to compact a session as soon as it was silent for a second. Some
visitors send a chunk about every second. After each 202 they ask the query API every 20 ms, first
for the list, then for the replay, until both have the chunk.
"""

import argparse
import gzip
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.machine import quantile, say, scratch, show, verdict
from benchmarks.recorded import Chunk, Session
from lake.control import api_keys, websites
from lake.raw import chunk_codec
from lake.settings import Settings
from lake.storage.base import open_store
from tests.support.processes import INGEST, QUERY, environ_of, serving

_ORIGIN = "https://shop.example"
_POLL_EVERY_S = 0.02
_GIVE_UP_S = 30.0
_P95_MAX_S = 5.0
_BUSY = {"REPLAY_COMPACT_SETTLED_S": "1", "REPLAY_COMPACT_WAIT_S": "3"}


@dataclass
class Seen:
    """Seconds from a 202 until it was seen, of all visitors; `list.append` is atomic."""

    listed_s: list[float] = field(default_factory=list)
    replayed_s: list[float] = field(default_factory=list)


@dataclass
class Visitor:
    """Sends one session after another and looks for each chunk."""

    ingest: str
    query: str
    website_id: str
    key: str
    seen: Seen

    def run(self, number: int, until_s: float) -> None:
        """Send and poll until `until_s`. `number` identifies the visitor."""
        pauses = random.Random(number)
        with httpx.Client(timeout=20) as client:
            while time.monotonic() < until_s:
                session = Session(number, time.time_ns() // 1_000_000, thin=True)
                number += 1000
                event_count = 0
                for chunk in session.chunks[:8]:
                    event_count += self._send(client, session, chunk)
                    acked_s = time.monotonic()
                    self.seen.listed_s.append(self._listed(client, session, event_count, acked_s))
                    self.seen.replayed_s.append(
                        self._replayed(client, session, event_count, acked_s)
                    )
                    if time.monotonic() >= until_s:
                        return
                    # Or all visitors would wait in step with the reader's refresh.
                    time.sleep(pauses.random())

    def _send(self, client: httpx.Client, session: Session, chunk: Chunk) -> int:
        answer = client.post(
            f"{self.ingest}/v1/chunks",
            params={
                "website": self.website_id,
                "session": session.session_id,
                "page": chunk.page_id,
                "seq": chunk.seq,
                "secret": session.secret,
            },
            content=gzip.compress(chunk.raw),
            headers={"origin": _ORIGIN, "content-encoding": "gzip"},
        )
        assert answer.status_code == 202, answer.text
        return chunk_codec.read_chunk(chunk.raw, page_id="p", seq=0).event_count

    def _listed(
        self, client: httpx.Client, session: Session, event_count: int, acked_s: float
    ) -> float:
        def is_there() -> bool:
            answer = self._get(client, f"/api/websites/{self.website_id}/sessions", limit=100)
            rows = {row["sessionId"]: row for row in answer.json()["sessions"]}
            row = rows.get(session.session_id)
            return row is not None and row["eventCount"] >= event_count

        return _seconds_until(is_there, acked_s)

    def _replayed(
        self, client: httpx.Client, session: Session, event_count: int, acked_s: float
    ) -> float:
        def is_there() -> bool:
            answer = self._get(client, f"/api/replay/{session.session_id}")
            return answer.status_code == 200 and len(answer.content.splitlines()) >= event_count

        return _seconds_until(is_there, acked_s)

    def _get(self, client: httpx.Client, path: str, **params: int) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", "accept-encoding": "identity"}
        return client.get(self.query + path, params=params, headers=headers)


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.freshness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each case")
    parser.add_argument("--visitors", type=int, default=8)
    args = parser.parse_args(argv)
    rows = []
    for name, is_compacting in (("nothing compacts", False), ("compaction beside", True)):
        say(name)
        with scratch() as folder:
            seen, compacted = _case(folder, args.seconds, args.visitors, is_compacting)
        for what, delays_s in (("in the list", seen.listed_s), ("in the replay", seen.replayed_s)):
            p95 = quantile(delays_s, 0.95)
            rows.append(
                (
                    f"{name}: {what}",
                    len(delays_s),
                    f"{quantile(delays_s, 0.5):.2f}",
                    f"{p95:.2f}",
                    f"{max(delays_s):.2f}",
                    verdict(p95 <= _P95_MAX_S),
                )
            )
        if is_compacting:
            print(f"{compacted} session files were written meanwhile")
    columns = ("seconds after the 202", "chunks", "p50", "p95", "max", f"p95 bar {_P95_MAX_S:g} s")
    show("Freshness", columns, rows)


def _case(
    folder: Path, seconds: float, visitor_count: int, is_compacting: bool
) -> tuple[Seen, int]:
    # It asks for what is not there yet, over and over.
    settings = Settings(
        lake=str(folder / "lake"), query_misses_per_s=100_000, query_key_requests_per_s=100_000
    )
    store = open_store(settings)
    now_ms = time.time_ns() // 1_000_000
    website = websites.create(store, "Shop", origins=(_ORIGIN,), now_ms=now_ms)
    websites.change(store, website.website_id, {"enable_session_replay": True})
    key = api_keys.create(store, website_id=website.website_id, role="viewer", now_ms=now_ms)
    seen = Seen()
    with ExitStack() as stack:
        ingest = stack.enter_context(serving(settings, folder / "ingest.log", command=INGEST))
        query = stack.enter_context(serving(settings, folder / "query.log", command=QUERY))
        if is_compacting:
            compactor = subprocess.Popen(
                [sys.executable, "-m", "orchestration.cli", "compact", "--every", "1"],
                env=os.environ | environ_of(settings) | _BUSY,
                stdout=subprocess.DEVNULL,
            )
            stack.callback(compactor.wait)
            stack.callback(compactor.terminate)
        until_s = time.monotonic() + seconds
        threads = [
            threading.Thread(
                target=Visitor(ingest.url, query.url, website.website_id, key, seen).run,
                args=(number, until_s),
            )
            for number in range(visitor_count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if is_compacting:
            assert compactor.poll() is None, "the compactor ended"
    return seen, sum(1 for _ in store.list("sessions/"))


def _seconds_until(is_there: Callable[[], bool], acked_s: float) -> float:
    """Ask until it is so; a chunk that does not show up in time counts with that time."""
    while True:
        polled_s = time.monotonic()
        if is_there():
            return time.monotonic() - acked_s
        if polled_s - acked_s > _GIVE_UP_S:
            return _GIVE_UP_S
        time.sleep(_POLL_EVERY_S)


if __name__ == "__main__":
    main()
