"""Recorded sessions for the tests of reading: made up or real, in every state that a lake has."""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import zstandard
from isal import isal_zlib

from lake import ids
from lake.compaction import compact_day
from lake.control import api_keys, websites
from lake.control.websites import Website
from lake.raw import chunk_codec, segment_writer
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000  # 2026-11-18T11:06:40Z: the clock of these tests
_RECORDINGS = Path(__file__).parents[2] / "orchestration" / "recordings"
RECORDINGS = tuple(sorted(path.name for path in _RECORDINGS.glob("*.json.zst")))

_CLIENT = Client(visitor_id="visitor", device_type="desktop")

Event = dict[str, Any]


class Clock:
    """The server's clock; goes on only when it is told to."""

    def __init__(self, ms: int = NOW_MS) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms

    def tick(self) -> None:
        """Let so much time pass that readers look again."""
        self.ms += 5_000


@cache
def recording(name: str) -> tuple[Event, ...]:
    """The events of one of the real recordings, in order of replay."""
    raw = zstandard.ZstdDecompressor().decompress(
        (_RECORDINGS / name).read_bytes(), max_output_size=1 << 28
    )
    return tuple(in_order(json.loads(raw)))


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events of one page in order of replay."""
    return sorted(events, key=lambda event: event["timestamp"])


@dataclass
class Session:
    """One session in the making. Its events are cut into chunks and sent page by page."""

    website_id: str
    began_ms: int = NOW_MS - 600_000
    client: Client = _CLIENT
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    page_seqs: dict[str, int] = field(default_factory=dict)

    @property
    def session_id(self) -> str:
        return ids.session_id_of(self.secret, self.began_ms)

    @property
    def day(self) -> date:
        return ids.day_of(self.session_id)

    def new_page(self) -> str:
        """Begin a page load and return its id."""
        page_id = ids.new_uuid7(self.began_ms + len(self.page_seqs))
        self.page_seqs[page_id] = 0
        return page_id

    def chunks(
        self,
        events: Sequence[Event],
        *,
        page_id: str | None = None,
        size: int = 30,
        received_ms: int | None = None,
    ) -> list[ReceivedChunk]:
        """Cut events of one page into chunks of `size`, sent as soon as they are full."""
        page_id = page_id or next(iter(self.page_seqs), None) or self.new_page()
        made = []
        for start in range(0, len(events), size):
            cut = events[start : start + size]
            raw = json.dumps(cut).encode()
            at_ms = received_ms or int(cut[-1]["timestamp"])
            made.append(self.chunk(raw, page_id, self.page_seqs[page_id], at_ms))
            self.page_seqs[page_id] += 1
        return made

    def chunk(self, raw: bytes, page_id: str, seq: int, received_ms: int = NOW_MS) -> ReceivedChunk:
        """Make one chunk of JSON text."""
        payload = bytes(isal_zlib.compress(raw, 1, 31))
        facts = chunk_codec.read_chunk(raw, page_id=page_id, seq=seq)
        return ReceivedChunk(
            self.website_id,
            self.session_id,
            facts,
            self.client,
            received_ms * 1000,
            "gzip",
            payload,
            len(payload),
        )


def page(at_ms: float, url: str = "https://shop.example/", text: str = "") -> list[Event]:
    """Meta and full snapshot, the first events of a page."""
    node = {"type": 0, "id": 1, "childNodes": [{"type": 3, "id": 2, "textContent": text}]}
    return [
        {"type": 4, "timestamp": at_ms, "data": {"href": url, "width": 1280, "height": 720}},
        {"type": 2, "timestamp": at_ms + 1, "data": {"node": node, "initialOffset": {}}},
    ]


def moves(from_ms: float, count: int, *, every_ms: float = 100) -> list[Event]:
    """Mouse moves."""
    return [
        {
            "type": 3,
            "timestamp": from_ms + number * every_ms,
            "data": {"source": 1, "positions": [{"x": number, "y": 1, "id": 2, "timeOffset": 0}]},
        }
        for number in range(count)
    ]


def note(at_ms: float, name: str, **payload: object) -> Event:
    """A custom event of our recorder."""
    data = {"tag": f"replaylake.{name}", "payload": payload}
    return {"type": 5, "timestamp": at_ms, "data": data}


def script_error(at_ms: float, message: str = "x is undefined", **more: object) -> Event:
    """An error as our recorder reports it."""
    stack = f"Error: {message}\n at pay (https://shop.example/cart.js:1:2)"
    return note(at_ms, "error", message=message, stack=stack, **more)


class Lakeful:
    """A lake with one website, to be filled and compacted, and keys to read it."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.website = self.new_website()

    def new_website(self, *, plan: str = "pro") -> Website:
        """Make another website."""
        return websites.create(self.store, "Shop", plan=plan, origins=("*",), now_ms=NOW_MS)

    def session(self, website: Website | None = None, **options: Any) -> Session:
        """Begin a session."""
        return Session((website or self.website).website_id, **options)

    def append(self, received_chunks: Sequence[ReceivedChunk]) -> list[str]:
        """Store chunks as one segment a day; readers look again. Return the segments' keys."""
        keys = segment_writer.append(self.store, received_chunks, now_ms=self.clock.ms)
        self.clock.tick()
        return keys

    def record(
        self, events: Sequence[Event], website: Website | None = None, **options: Any
    ) -> Session:
        """Store a whole session."""
        session = self.session(website, **options)
        self.append(session.chunks(events))
        return session

    def compact(self, *days: date) -> None:
        """Compact days; readers look again."""
        for day in days:
            done = compact_day(self.store, self.settings, day, now_ms=self.clock.ms)
            assert not done.failed, done.failed
        self.clock.tick()

    def key(self, website: Website | None = None, role: str = "viewer") -> str:
        """Make a key."""
        website_id = (website or self.website).website_id
        return api_keys.create(self.store, website_id=website_id, role=role, now_ms=NOW_MS)

    def headers(self, website: Website | None = None, role: str = "viewer") -> dict[str, str]:
        """Return the headers of somebody with a key."""
        return {"authorization": f"Bearer {self.key(website, role)}"}
