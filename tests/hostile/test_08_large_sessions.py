"""One website's large sessions cost the readers of other websites nothing, its own a little each.

How much work a request does is counted, not timed: chunks that are added up, bytes that are held or
answered. What it means to an honest reader beside the attack is timed at the end.
"""

import asyncio
import json
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

from lake.bounded_cache import BoundedCache
from lake.control import websites
from lake.control.websites import Website
from lake.raw import pending_index
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.sessions import running_summary, summary
from lake.settings import Settings
from lake.storage.base import open_store
from query_api.http.fair_share import FairShare
from query_api.metrics import QueryMetrics
from tests.hostile.honest_visitor import compare, read
from tests.query_api.recorded import Clock, Lakeful, Session, note, page
from tests.support import lakes
from tests.support.asgi import AppClient
from tests.support.processes import INGEST, QUERY, serving

URLS = 256  # that a chunk keeps


class Attack:
    """One session of chunks with as many addresses as a chunk may have."""

    def __init__(self, lakeful: Lakeful) -> None:
        self.lakeful = lakeful
        self.session = lakeful.session()
        self.page_id = self.session.new_page()
        self.count = 0

    def grow(self, count: int = 1) -> None:
        bodies = [self.body(self.count + number) for number in range(count)]
        self.lakeful.append(
            [
                self.session.chunk(body, self.page_id, self.count + number)
                for number, body in enumerate(bodies)
            ]
        )
        self.count += count

    def body(self, seq: int) -> bytes:
        at_ms = self.session.began_ms + 1000 * seq
        return lakes.written(
            [lakes.meta(at_ms + i, f"https://shop.example/p/{seq}/{i}") for i in range(URLS)]
        )


@pytest.fixture
def attack(lakeful: Lakeful) -> Attack:
    return Attack(lakeful)


@pytest.fixture
def lake(lakeful: Lakeful) -> Lake:
    return Lake(lakeful.store, lakeful.settings, lakeful.clock)


@contextmanager
def counted(module: object, function: str) -> Iterator[list[None]]:
    """Count the calls of a function or method while the block runs, in this thread."""
    calls: list[None] = []
    path = vars(module)["__file__"]

    def see(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == function and code.co_filename == path:
            calls.append(None)

    sys.setprofile(see)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def chunks_added(lake: Lake, website: Website) -> int:
    """Count the chunks merged for one list."""
    with counted(running_summary, "add") as calls:
        list_sessions(lake, website, SessionQuery())
    return len(calls)


def test_list_merges_new_chunks_of_its_own_website_only(
    lakeful: Lakeful, lake: Lake, attack: Attack
) -> None:
    other = lakeful.new_website()
    lakeful.record(page(lakeful.clock.ms - 9_000), other)
    attack.grow(40)

    assert chunks_added(lake, other) == 1
    assert chunks_added(lake, lakeful.website) == 40
    for _ in range(3):
        attack.grow()
        assert chunks_added(lake, other) == 0
        assert chunks_added(lake, lakeful.website) == 1


def test_table_commit_recomputes_only_changed_sessions(
    lakeful: Lakeful, lake: Lake, attack: Attack
) -> None:
    attack.grow(20)
    lakeful.compact(attack.session.day)
    attack.grow()
    list_sessions(lake, lakeful.website, SessionQuery())
    earlier = lakeful.record(
        page(lakeful.clock.ms - 2 * 86_400_000), began_ms=lakeful.clock.ms - 2 * 86_400_000
    )
    lakeful.compact(earlier.day)

    assert chunks_added(lake, lakeful.website) == 0


def test_pending_chunks_with_many_urls_take_little_memory(lakeful: Lakeful, attack: Attack) -> None:
    attack.grow()
    index = pending_index.PendingIndex(lakeful.store)
    index.refresh()  # with all that is loaded once
    attack.grow(60)
    tracemalloc.start()
    try:
        index.refresh()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held / 60 < 8_000  # of 130 kB as objects
    assert peak < 8_000_000


def test_page_views_beyond_the_budget_are_counted_not_listed(
    lakeful: Lakeful, client: AppClient, attack: Attack
) -> None:
    attack.grow(25)
    path = f"/api/websites/{lakeful.website.website_id}/sessions/{attack.session.session_id}"
    headers = lakeful.headers()
    pending = client.get(path, headers=headers)
    lakeful.compact(attack.session.day)
    compacted = client.get(path, headers=headers)
    (row,) = lakes.rows(lakeful.store, "sessions")
    stored = lakes.stored(lakeful.store, row)

    detail = compacted.json()
    assert detail["pageViews"] == pending.json()["pageViews"] == 25 * URLS
    assert detail["exitUrl"] == pending.json()["exitUrl"] == f"https://shop.example/p/24/{URLS - 1}"
    assert detail["cut"] == pending.json()["cut"] == ["pageList"]
    listed = [page | {"clickCount": None} for page in detail["pageList"]]
    assert listed == pending.json()["pageList"]
    assert len(listed) == len(lakes.rows(lakeful.store, "pages")) == summary.PAGES_MAX
    assert max(len(pending.content), len(compacted.content)) < 1_000_000
    views = [view for chunk in stored.header["chunks"] for view in chunk[10]]
    assert sum(32 + len(view[1]) for view in views) < 300_000


def test_every_list_of_a_detail_is_bounded(lakeful: Lakeful, client: AppClient) -> None:
    session = lakeful.session()
    start = session.began_ms
    message = "x" * 900
    errors = [
        note(start + i, "error", message=f"{i} {message}", stack="at f (a.js:1:1)\n" * 500)
        for i in range(400)
    ]
    chunks = session.chunks([*page(start), *errors], size=100)
    for number in range(6_000):  # each the second of a page that nothing else is known of
        other = lakes.page_id(number)
        chunks.append(session.chunk(lakes.written([lakes.click(start)]), other, 1))
    lakeful.append(chunks)
    answer = client.get(
        f"/api/websites/{lakeful.website.website_id}/sessions/{session.session_id}",
        headers=lakeful.headers(),
    )

    detail = answer.json()
    assert {"errorEvents", "gaps", "pageList"} <= set(detail["cut"])
    assert detail["pageViews"] == 6_001
    assert detail["errorCount"] == 400
    assert 0 < len(detail["errorEvents"]) < 400
    assert all(len(json.dumps(detail[name])) < 4_000_000 for name in detail["cut"])


def test_cache_owner_evicts_only_its_own_entries() -> None:
    lru_cache = BoundedCache(1_000)
    lru_cache.put([("hour", 1, 400)])
    lru_cache.put([("row", 2, 100)], owner="w_small")
    for number in range(100):
        lru_cache.put([(number, number, 90)], owner="w_large")

    assert lru_cache.get(["hour"]) == {"hour": 1}
    assert lru_cache.get(["row"], owner="w_small") == {"row": 2}
    assert 99 in lru_cache.get(range(100), owner="w_large")
    assert not lru_cache.get(["row"], owner="w_large")


def test_cache_lookups_of_different_keys_do_not_block() -> None:
    lru_cache = BoundedCache(1)

    def hold_all() -> None:
        with ExitStack() as stack:
            for number in range(300):
                stack.enter_context(lru_cache.finding(number))

    thread = threading.Thread(target=hold_all, daemon=True)
    thread.start()
    thread.join(timeout=20)

    assert not thread.is_alive()


class _Slow:
    """An app that answers a caller once its gate is open."""

    def __init__(self, *callers: str) -> None:
        self.gates = {caller: asyncio.Event() for caller in callers}
        self.running = dict.fromkeys(callers, 0)
        self.most = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        caller = scope["state"]["caller"]
        self.running[caller] += 1
        self.most = max(self.most, self.running[caller])
        await self.gates[caller].wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.running[caller] -= 1
        await send({"type": "http.response.body", "body": b""})


def test_slow_requests_of_one_caller_leave_room_for_others() -> None:
    async def scenario() -> None:
        app = _Slow("large", "small")
        share = FairShare(app, 4, QueryMetrics())
        statuses: dict[str, list[int]] = {"large": [], "small": []}

        async def request(caller: str) -> None:
            async def send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    statuses[caller].append(message["status"])

            scope = {"type": "http", "path": "/api/x", "state": {"caller": caller}}
            await share(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]

        app.gates["small"].set()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(300):
                tasks.create_task(request("large"))
            await tasks.create_task(request("small"))
            assert statuses["small"] == [200]
            assert app.running["large"] == 4
            app.gates["large"].set()

        assert app.most == 4
        assert sorted(set(statuses["large"])) == [200, 429]
        assert statuses["large"].count(200) == 204

    asyncio.run(scenario())


@contextmanager
def uploads(url: str, session: Session, bodies: Callable[[int], bytes]) -> Iterator[None]:
    """Send further chunks of a session, ten a second, for as long as the block runs."""
    ended = threading.Event()

    def send() -> None:
        with httpx.Client(headers={"origin": "https://shop.example"}, timeout=60) as http:
            while not ended.wait(0.1):
                page_id = next(iter(session.page_seqs))
                seq = session.page_seqs[page_id]
                session.page_seqs[page_id] += 1
                ids = {"session": session.session_id, "secret": session.secret, "page": page_id}
                query = {"website": session.website_id, "seq": str(seq)} | ids
                answer = http.post(f"{url}/v1/chunks", params=query, content=bodies(seq))
                assert answer.status_code == 202, answer.text

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.long
def test_an_honest_reader_does_not_notice_a_session_that_grows(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "lake"))
    clock = Clock(time.time_ns() // 1_000_000)
    lakeful = Lakeful(open_store(settings), settings, clock)
    websites.change(
        lakeful.store,
        lakeful.website.website_id,
        {"enable_session_replay": True, "session_replay_trigger": "all"},
    )
    attack = Attack(lakeful)
    attack.session.began_ms = clock.ms - 60_000
    other = lakeful.new_website()
    for number in range(30):
        lakeful.record(page(clock.ms), other, began_ms=clock.ms - 60_000 - number)
    for _ in range(15):
        attack.grow(100)
    attack.session.page_seqs[attack.page_id] = attack.count
    path = f"/api/websites/{other.website_id}/sessions"
    with (
        serving(settings, tmp_path / "ingest.log", command=INGEST) as ingest,
        serving(settings, tmp_path / "query.log", command=QUERY) as query,
    ):
        reads = partial(read, query.port, path, lakeful.key(other))
        attacks = partial(uploads, ingest.url, attack.session, attack.body)
        measured = compare(reads, attacks, turns=2)

    assert set(measured.beside.statuses) == {200}
    assert measured.p99_ratio <= 1.5, measured
