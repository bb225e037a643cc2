"""Sessions as a recorder sends them, made of `orchestration/recordings`.

Every session has ids of its own, a speed of its own, and a text of its own in every text node, so
that no two are alike, and neither are the rows made of them. A recording is cut into chunks every
5 s and at each page load, as the recorder does. What happens to the chunks is the benchmarks'.
"""

import gzip
import random
import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
import zstandard

from lake import ids
from lake.raw import chunk_codec, rrweb_events
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk

CHUNK_MS = 5_000
_DOM_CONTENT_LOADED = 0  # the first event of a page load
_PLAIN_NODE_BYTES, _PLAIN_NOISE_BYTES, _PLAIN_EVENTS = 84_000, 6_200, 26
WEBSITE = "w_benchmark000"
_RECORDINGS = Path(__file__).parent.parent / "orchestration" / "recordings"
_STAMP = re.compile(rb'"timestamp":(\d{13})')
_TEXT = b'"textContent":"'
_CLICK = b'"source":2,"type":2'
_CLIENT = Client(
    device_type="desktop",
    browser_name="Chrome",
    browser_version="142",
    os_name="Windows",
    os_version="11",
    country="DE",
)


class Event(NamedTuple):
    """One recorded event. `offset_ms` counts from its recording's first event."""

    offset_ms: int
    type: int
    json: bytes


class Chunk(NamedTuple):
    """One POST. `at_ms` is when it is sent: after its last event."""

    page_id: str
    seq: int
    at_ms: int
    raw: bytes

    @property
    def gz(self) -> bytes:
        """The body on the wire."""
        return gzip.compress(self.raw, 6, mtime=0)


class Session:
    """One session that begins at `began_ms`; `number` decides which recording it repeats.

    Args:
        duration_ms: Go on with the next recordings until then; by default it is one recording.
        thin: Long events are cut to a stub: all the rows and chunks of a session, few bytes.
        noted: With the notes that our recorder makes of pages and clicks; the recordings, which
            another recorder made, have none.
    """

    def __init__(
        self,
        number: int,
        began_ms: int,
        *,
        duration_ms: int | None = None,
        thin: bool = False,
        noted: bool = False,
    ) -> None:
        self._random = random.Random(number)
        self.secret = f"{self._random.getrandbits(128):032x}"
        self.session_id = ids.session_id_of(self.secret, began_ms)
        self.began_ms = began_ms
        self._text = b"%x " % self._random.getrandbits(self._random.randrange(16, 80))
        speed = self._random.uniform(0.8, 1.2)
        sources = recordings()
        events: list[Event] = []
        at_ms = 0
        while not events or at_ms < (duration_ms or 0):
            for event in sources[number % len(sources)]:
                offset_ms = at_ms + int(event.offset_ms * speed)
                events.append(event._replace(offset_ms=offset_ms))
            at_ms = events[-1].offset_ms + 500
            number += 1
        chosen = [e for e in events if duration_ms is None or e.offset_ms < duration_ms]
        chosen = [event for source in chosen for event in _noted(source)] if noted else chosen
        self._events = [_thinned(event) for event in chosen] if thin else chosen

    def paced(self, factor: float) -> Self:
        """Make all of it happen in `factor` of its time; before `chunks` are asked for."""
        self._events = [e._replace(offset_ms=int(e.offset_ms * factor)) for e in self._events]
        return self

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All chunks in the order in which they are sent."""
        made: list[Chunk] = []
        for page_id, seq, events in self._cut():
            at_ms = self.began_ms + events[-1].offset_ms
            made.append(Chunk(page_id, seq, at_ms, self._raw(events)))
        return made

    def received_chunks(self, website_id: str = WEBSITE) -> Iterator[ReceivedChunk]:
        """The chunks as the ingest API hands them to the lake, received when they were sent."""
        visitor_id = f"{self._random.getrandbits(128):032x}"
        client = msgspec.structs.replace(_CLIENT, visitor_id=visitor_id)
        for chunk in self.chunks:
            payload = chunk.gz
            facts = chunk_codec.read_chunk(chunk.raw, page_id=chunk.page_id, seq=chunk.seq)
            yield ReceivedChunk(
                website_id,
                self.session_id,
                facts,
                client,
                chunk.at_ms * 1000,
                "gzip",
                payload,
                len(payload),
            )

    def _cut(self) -> Iterator[tuple[str, int, list[Event]]]:
        page_id, seq, held = "", 0, list[Event]()
        for event in self._events:
            is_page = event.type == _DOM_CONTENT_LOADED
            if held and (is_page or event.offset_ms // CHUNK_MS > held[0].offset_ms // CHUNK_MS):
                yield page_id, seq, held
                held, seq = [], seq + 1
            if is_page or not page_id:
                page_at_ms = self.began_ms + event.offset_ms
                page_id, seq = ids.uuid7(page_at_ms, self._random.getrandbits(74)), 0
            held.append(event)
        yield page_id, seq, held

    def _raw(self, events: list[Event]) -> bytes:
        lines = [
            _STAMP.sub(b'"timestamp":%d' % (self.began_ms + event.offset_ms), event.json, count=1)
            for event in events
        ]
        return b"[" + b",".join(lines).replace(_TEXT, _TEXT + self._text) + b"]"


@cache
def recordings() -> list[list[Event]]:
    """All recordings, by name."""
    all_events = []
    for path in sorted(_RECORDINGS.glob("*.json.zst")):
        with path.open("rb") as file:
            text = zstandard.ZstdDecompressor().stream_reader(file).read()
        events = []
        for item in msgspec.json.decode(text, type=list[msgspec.Raw]):
            stamp = chunk_codec.decode_stamp(item)
            # The event's own time goes first, where it is found and replaced.
            body = bytes(item).strip()
            own = b'"timestamp":%d' % stamp.timestamp
            assert body.startswith(b"{")
            rest = body[1:].replace(b"," + own, b"", 1)
            events.append((int(stamp.timestamp), stamp.type, b"{" + own + b"," + rest))
        start = events[0][0]
        all_events.append([Event(at_ms - start, kind, body) for at_ms, kind, body in events])
    assert all_events, f"no recordings in {_RECORDINGS}"
    return all_events


def plain_chunk(number: int) -> bytes:
    """The JSON of one chunk of about 105 kB, 18 kB gzipped: what 5 s are on average.

    A large change of the page cut from a recorded snapshot, some noise as of texts that do not
    repeat, and as many short events as a visitor makes.
    """
    source = random.Random(number)
    events = [event for recording in recordings() for event in recording]
    short = [e.json for e in events if e.type == rrweb_events.INCREMENTAL and len(e.json) < 2_000]
    parts = _parts()
    text = source.randbytes(_PLAIN_NOISE_BYTES).hex()
    data = {
        "source": 0,
        "adds": [{"parentId": 1, "nextId": None, "node": parts[number % len(parts)]}],
        "texts": [{"id": 1, "value": text}],
    }
    change = msgspec.json.encode({"timestamp": 1_795_423_266_672, "type": 3, "data": data})
    at = source.randrange(len(short) - _PLAIN_EVENTS)
    return b"[" + b",".join([change, *short[at : at + _PLAIN_EVENTS]]) + b"]"


@cache
def _parts() -> list[dict[str, Any]]:
    """Parts of the pages that are large enough, all of about the same size."""
    snapshots = [
        e.json
        for recording in recordings()
        for e in recording
        if e.type == rrweb_events.FULL_SNAPSHOT
    ]
    parts = [_part_of(msgspec.json.decode(snapshot)["data"]["node"]) for snapshot in snapshots]
    return [part for part in parts if len(msgspec.json.encode(part)) > 0.9 * _PLAIN_NODE_BYTES]


def _part_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return of a page's body the nodes that fit into so many bytes, in document order."""
    (body,) = (
        node
        for html in document["childNodes"]
        for node in html.get("childNodes", ())
        if node.get("tagName") == "body"
    )
    left = _PLAIN_NODE_BYTES

    def cut(node: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal left
        own = {**node, "childNodes": []} if "childNodes" in node else node
        left -= len(msgspec.json.encode(own))
        if left < 0:
            return None
        if "childNodes" in node:
            own["childNodes"] = [part for child in node["childNodes"] if (part := cut(child))]
        return own

    trimmed = cut(body)
    assert trimmed is not None
    return trimmed


def _noted(event: Event) -> Iterator[Event]:
    """An event and the note that our recorder makes of it."""
    yield event
    if event.type == rrweb_events.META:
        details = msgspec.json.decode(event.json)["data"]
        page = {
            "url": details["href"],
            "title": "",
            "width": details["width"],
            "height": details["height"],
        }
        yield _note(event, "page", {**page, "back": False})
    elif event.type == rrweb_events.INCREMENTAL and _CLICK in event.json:
        details = msgspec.json.decode(event.json)["data"]
        place = {"id": details["id"], "x": details.get("x"), "y": details.get("y")}
        seen = {"interactive": True, "reacted": True, "target": "main > div.card", "text": "Buy"}
        yield _note(event, "click", {**place, **seen})


def _note(event: Event, tag: str, payload: dict[str, Any]) -> Event:
    stamp = _STAMP.match(event.json, 1)
    assert stamp is not None
    data = msgspec.json.encode({"tag": f"replaylake.{tag}", "payload": payload})
    return Event(
        event.offset_ms, rrweb_events.CUSTOM, b'{%s,"type":5,"data":%s}' % (stamp[0], data)
    )


def _thinned(event: Event) -> Event:
    """A long event of no consequence for a row becomes a short one."""
    if len(event.json) < 2_000 or event.type in (
        rrweb_events.CUSTOM,
        rrweb_events.PLUGIN,
        rrweb_events.META,
    ):
        return event
    stamp = _STAMP.match(event.json, 1)
    assert stamp is not None
    return event._replace(json=b'{%s,"type":%d,"data":{}}' % (stamp[0], event.type))
