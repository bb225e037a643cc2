"""From a recorder's POST to a list and a replay, through real servers, on a folder and on S3."""

import gzip
import json
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from lake import ids
from lake.compaction import compact_day, pending_days
from lake.control import api_keys, websites
from lake.settings import Settings
from lake.storage.base import Store
from tests.conftest import eventually
from tests.query_api.recorded import RECORDINGS, recording
from tests.support.processes import INGEST, QUERY, Server, serving

ORIGIN = "https://shop.example"
SCORED = {"hasFrustration", "frustrationScore", "signals", "activeMs", "activity"}
Event = dict[str, Any]

OLD_RRWEB = [  # 2018's events have no `type` names of today's plugins, and obsolete keys
    {"type": 0, "data": {}, "timestamp": 1, "delay": 0},
    {"type": 1, "data": {}, "timestamp": 2, "sessionId": "abc", "extra": {"a": [1, 2.5, None]}},
    {"type": 4, "data": {"href": "http://a.test/", "width": 1, "height": 2}, "timestamp": 3},
    {"type": 2, "data": {"node": {"type": 0, "childNodes": [], "id": 1}}, "timestamp": 4},
    {"type": 3, "data": {"source": 3, "id": 1, "x": 0, "y": 9}, "timestamp": 5.5, "delay": 7},
]
WITHOUT_META = [
    {"type": 3, "data": {"source": 1, "positions": []}, "timestamp": 10 + i} for i in range(90)
]
SINGLE_ARRAY = [
    {
        "type": 2,
        "data": {"node": {"type": 3, "textContent": "é\u2028\U0001f600" * 60_000}},
        "timestamp": 1,
    },
    {"type": 5, "data": {"tag": "t", "payload": '</script>"\r\n'}, "timestamp": 2},
]


class Stack:
    """Both services over one lake, and a website that records."""

    def __init__(self, store: Store, settings: Settings, ingest: Server, query: Server) -> None:
        self.store = store
        self.settings = settings
        now_ms = int(time.time() * 1000)
        site = websites.create(store, "shop", origins=(ORIGIN,), now_ms=now_ms)
        changes = {"enable_session_replay": True, "session_replay_trigger": "all"}
        self.website_id = websites.change(store, site.website_id, changes).website_id
        key = api_keys.create(store, website_id=self.website_id, role="viewer", now_ms=now_ms)
        self._ingest = httpx.Client(base_url=ingest.url, headers={"origin": ORIGIN}, timeout=60)
        headers = {"authorization": f"Bearer {key}"}
        self._query = httpx.Client(base_url=query.url, headers=headers, timeout=60)

    def close(self) -> None:
        self._ingest.close()
        self._query.close()

    def post(self, secret: str, session: str, page: str, seq: int, events: list[Event]) -> None:
        """Send a chunk until it is acknowledged."""
        params = {
            "website": self.website_id,
            "session": session,
            "page": page,
            "seq": str(seq),
            "secret": secret,
        }
        answer = self._ingest.post(
            "/v1/chunks",
            params=params,
            content=gzip.compress(json.dumps(events).encode(), 1),
            headers={"content-encoding": "gzip"},
        )
        assert answer.status_code == 202, answer.text

    def replay(self, session: str) -> list[Event]:
        """Return a session's events as a player would get them."""
        answer = self._query.get(f"/api/replay/{session}")
        if answer.status_code == 404:
            return []
        assert answer.status_code == 200, answer.text
        events = [json.loads(line) for line in answer.content.split(b"\n")[:-1]]
        assert answer.headers["x-event-count"] == str(len(events))
        return events

    def listed(self, session: str) -> dict[str, Any]:
        """Return a session's line of the list, without what compaction adds to it."""
        answer = self._query.get(f"/api/websites/{self.website_id}/sessions")
        assert answer.status_code == 200, answer.text
        rows = answer.json()["sessions"]
        row = next(row for row in rows if row["sessionId"] == session)
        return {name: value for name, value in row.items() if name not in SCORED}

    def compact(self) -> None:
        for day in pending_days(self.store):
            done = compact_day(self.store, self.settings, day, now_ms=int(time.time() * 1000))
            assert not done.failed
        assert pending_days(self.store) == []


@pytest.fixture
def stack(store: Store, settings: Settings, tmp_path: Path) -> Iterator[Stack]:
    with (
        serving(settings, tmp_path / "ingest.log", command=INGEST) as ingest,
        serving(settings, tmp_path / "query.log", command=QUERY) as query,
        closing(Stack(store, settings, ingest, query)) as stack,
    ):
        yield stack


def in_order(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event["timestamp"])


def test_posted_events_replay_equal_through_compaction(stack: Stack) -> None:
    """All recordings and foreign streams; chunks are shuffled, repeated and some are late."""
    dice = random.Random(7)
    streams = [list(recording(name)) for name in RECORDINGS]
    streams += [OLD_RRWEB, WITHOUT_META, SINGLE_ARRAY]
    on_time, late = [], []
    sent: dict[str, list[Event]] = {}
    wanted: dict[str, list[Event]] = {}
    for events in streams:
        now_ms, secret = int(time.time() * 1000), secrets.token_hex(16)
        session, page = ids.session_id_of(secret, now_ms), ids.new_uuid7(now_ms)
        size = dice.randint(1, 40)
        for seq, start in enumerate(range(0, len(events), size)):
            chunk = (secret, session, page, seq, events[start : start + size])
            if seq and dice.random() < 0.3:
                late.append(chunk)
            else:
                on_time.append(chunk)
                sent.setdefault(session, []).extend(chunk[4])
        wanted[session] = in_order(events)
    sent = {session: in_order(events) for session, events in sent.items()}
    on_time += dice.choices(on_time, k=10)
    dice.shuffle(on_time)

    def replays(session: str, events: list[Event]) -> bool:
        return stack.replay(session) == events

    def is_listed(session: str, row: dict[str, Any]) -> bool:
        return stack.listed(session) == row

    for chunk in on_time:
        stack.post(*chunk)

    for session, events in sent.items():
        eventually(partial(replays, session, events))
    before = {session: stack.listed(session) for session in sent}
    stack.compact()
    for session, events in sent.items():
        assert stack.replay(session) == events
        eventually(partial(is_listed, session, before[session]))
    dice.shuffle(late)
    for chunk in late:
        stack.post(*chunk)
    for session, events in wanted.items():
        eventually(partial(replays, session, events))
    with_late = {session: stack.listed(session) for session in wanted}
    stack.compact()
    for session, events in wanted.items():
        assert stack.replay(session) == events
        eventually(partial(is_listed, session, with_late[session]))
