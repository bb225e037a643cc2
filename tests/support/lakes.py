"""Chunks for a lake, and what must hold of any lake after any step.

`chunk`, `session` and `recording` make received chunks; `append` and `compact` bring them into
a lake; `rows`, `stored_events` and `verify` read it back, with deltalake, pyarrow and zstandard
alone, so that they share no mistake with the code that wrote it.
"""

import gzip
import hashlib
import json
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from lake import ids
from lake.compaction import CompactionReport, compact_day, pending_days
from lake.raw import chunk_codec, segment_writer
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000  # 2026-11-18T11:06:40Z
DAY = date(2026, 11, 18)
WEBSITE = "w_a"
TABLES = ("sessions", "pages", "errors", "signals", "session_files")
RECORDINGS = sorted((Path(__file__).parents[2] / "orchestration/recordings").glob("*.json.zst"))

Event = dict[str, Any]
Row = dict[str, Any]
Key = tuple[str, str]
Place = tuple[str, int]


def session_id(number: int = 0, *, at_ms: int = NOW_MS) -> str:
    """Id of a session that began at `at_ms`."""
    return ids.uuid7(at_ms, number)


def page_id(number: int = 0) -> str:
    return ids.uuid7(NOW_MS, number)


def click(at_ms: float, **data: object) -> Event:
    return {"type": 3, "timestamp": at_ms, "data": {"source": 2, "type": 2, **data}}


def meta(at_ms: float, url: str = "https://shop.example/") -> Event:
    return {"type": 4, "timestamp": at_ms, "data": {"href": url, "width": 800, "height": 600}}


def snapshot(at_ms: float, text: str = "") -> Event:
    return {"type": 2, "timestamp": at_ms, "data": {"node": {"type": 3, "textContent": text}}}


def error(at_ms: float, message: str = "x is not a function") -> Event:
    data = {"tag": "replaylake.error", "payload": {"message": message, "stack": ""}}
    return {"type": 5, "timestamp": at_ms, "data": data}


def note(at_ms: float, name: str, **payload: object) -> Event:
    """A custom event of our recorder."""
    data = {"tag": f"replaylake.{name}", "payload": payload}
    return {"type": 5, "timestamp": at_ms, "data": data}


def chunk(
    events: Sequence[Event] | bytes,
    *,
    seq: int = 0,
    page: str = page_id(),
    session: str = session_id(),
    website: str = WEBSITE,
    received_ms: int = NOW_MS,
    encoding: str = "gzip",
    level: int = 6,
    visitor: str = "",
) -> ReceivedChunk:
    """One chunk as the ingest API would make it. Bytes are sent as they are."""
    raw = events if isinstance(events, bytes) else written(events)
    payload = gzip.compress(raw, level, mtime=0) if encoding == "gzip" else raw
    facts = chunk_codec.read_chunk(raw, page_id=page, seq=seq)
    # The visitor follows from the chunk, so that any delivery gives the same one.
    client = Client(visitor_id=visitor or f"visitor of {page[-4:]}", device_type="desktop")
    return ReceivedChunk(
        website, session, facts, client, received_ms * 1000, encoding, payload, len(payload)
    )


def written(events: Sequence[Event]) -> bytes:
    """JSON as a browser writes it."""
    return json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()


def session(
    number: int = 0,
    *,
    website: str = WEBSITE,
    chunk_count: int = 3,
    at_ms: int = NOW_MS,
    received_ms: int = NOW_MS,
) -> list[ReceivedChunk]:
    """A small made-up session of one page."""
    page = page_id(number)
    texts: list[list[Event]] = [
        [meta(at_ms), snapshot(at_ms, f"page of {number}"), error(at_ms + 1)],
        *([click(at_ms + 1000 * seq, id=seq)] for seq in range(1, chunk_count)),
    ]
    return [
        chunk(
            events,
            seq=seq,
            page=page,
            session=session_id(number, at_ms=at_ms),
            website=website,
            received_ms=received_ms,
        )
        for seq, events in enumerate(texts[:chunk_count])
    ]


@cache
def recording(number: int = 0) -> tuple[Event, ...]:
    """The events of a real recording."""
    body = RECORDINGS[number].read_bytes()
    events: list[Event] = json.loads(
        zstandard.ZstdDecompressor().decompress(body, max_output_size=1 << 28)
    )
    return tuple(events)


def recorded(
    number: int = 0, *, session_number: int = 0, website: str = WEBSITE, size: int = 30
) -> list[ReceivedChunk]:
    """A real recording as chunks of `size` events."""
    events = recording(number)
    return [
        chunk(
            events[at : at + size],
            seq=at // size,
            page=page_id(session_number),
            session=session_id(session_number),
            website=website,
        )
        for at in range(0, len(events), size)
    ]


def append(store: Store, *segments: Iterable[ReceivedChunk], now_ms: int = NOW_MS) -> list[str]:
    """Write one segment (a day) of each group of chunks; return their keys."""
    return [
        key
        for number, received_chunks in enumerate(segments)
        for key in segment_writer.append(store, list(received_chunks), now_ms=now_ms + number)
    ]


def compact(
    store: Store, settings: Settings, *, now_ms: int = NOW_MS, settled_only: bool = False
) -> list[CompactionReport]:
    """Compact all that waits."""
    return [
        compact_day(store, settings, day, now_ms=now_ms, settled_only=settled_only)
        for day in pending_days(store)
    ]


# What follows reads a lake and imports nothing of it.


def rows(store: Store, name: str) -> list[Row]:
    """The rows of a table without their part, sorted. None where there is no table."""
    try:
        table = DeltaTable(store.table_uri(name), storage_options=store.table_options())
    except TableNotFoundError:
        return []
    listed: list[Row] = table.to_pyarrow_table().drop_columns(["part"]).to_pylist()
    return sorted(listed, key=repr)


def all_rows(store: Store) -> dict[str, list[Row]]:
    return {name: rows(store, name) for name in TABLES}


class Stored(NamedTuple):
    """One session file, parsed. `events` are (page, seq, JSON) in file order."""

    header: dict[str, Any]
    events: list[tuple[str, int, Any]]


def file_key(row: Row) -> str:
    day = f"{row['started_at']:%Y-%m-%d}"
    name = f"{row['session_id']}.{row['file_sha256'][:16]}.ndjson.zst"
    return f"sessions/date={day}/{row['website_id']}/{name}"


def stored(store: Store, row: Row) -> Stored:
    """Parse the session file of a row of `sessions`; its length and hash must be the row's."""
    body = store.get(file_key(row))
    assert len(body) == row["file_bytes"]
    assert hashlib.sha256(body).hexdigest() == row["file_sha256"]
    magic, size = struct.unpack_from("<II", body)
    assert magic == 0x184D2A50
    header = json.loads(zstandard.ZstdDecompressor().decompress(body[8 : 8 + size]))
    # The whole object is one valid stream of NDJSON, as a browser reads it.
    with zstandard.ZstdDecompressor().stream_reader(
        body[8 + size :], read_across_frames=True
    ) as reader:
        lines = reader.read().split(b"\n")
    assert lines.pop() == b""
    owners = [header["chunks"][number] for number, count in header["runs"] for _ in range(count)]
    return Stored(
        header,
        [(owner[0], owner[1], json.loads(line)) for owner, line in zip(owners, lines, strict=True)],
    )


def stored_events(store: Store, key: Key | None = None) -> list[Event]:
    """The events in the file of a session (default: the only one)."""
    matching = [
        row
        for row in rows(store, "sessions")
        if key is None or (row["website_id"], row["session_id"]) == key
    ]
    (row,) = matching
    return [event for _, _, event in stored(store, row).events]


def pending_chunks(store: Store) -> dict[Key, set[Place]]:
    """Places of the pending chunks (in segments), by session."""
    places: dict[Key, set[Place]] = {}
    for item in store.list("raw/"):
        table = pq.read_table(pa.BufferReader(store.get(item.key)))
        for row in table.drop_columns(["payload"]).to_pylist():
            key = (row["website_id"], row["session_id"])
            places.setdefault(key, set()).add((row["page_id"], row["seq"]))
    return places


def quarantined(store: Store) -> list[Row]:
    """Rows of the quarantine, with `reason`."""
    quarantined_rows = []
    for item in store.list("quarantine/"):
        table = pq.read_table(pa.BufferReader(store.get(item.key)))
        reason = (table.schema.metadata or {}).get(b"replaylake.reason", b"").decode()
        quarantined_rows += [{**row, "reason": reason} for row in table.to_pylist()]
    return quarantined_rows


def json_of(received_chunk: ReceivedChunk) -> list[Event]:
    """The events of a chunk as its sender meant them."""
    raw = (
        gzip.decompress(received_chunk.payload)
        if received_chunk.encoding == "gzip"
        else received_chunk.payload
    )
    events: list[Event] = json.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    return events


def verify(
    store: Store, sent: Iterable[ReceivedChunk], *, lost: Iterable[tuple[Key, Place]] = ()
) -> None:
    """Assert the invariants of a lake to which `sent` was appended in this order.

    Args:
        lost: Chunks that need not be there, because a test destroyed them.
    """
    first: dict[Key, dict[Place, ReceivedChunk]] = {}
    for received_chunk in sent:
        session = first.setdefault((received_chunk.website_id, received_chunk.session_id), {})
        session.setdefault((received_chunk.facts.page_id, received_chunk.facts.seq), received_chunk)
    session_rows = rows(store, "sessions")
    counts = Counter((row["website_id"], row["session_id"]) for row in session_rows)
    assert set(counts.values()) <= {1}, "I5: one row for a session"
    assert set(counts) <= set(first), "I2: a session that nobody sent"
    places = pending_chunks(store)
    for row in session_rows:
        key = (row["website_id"], row["session_id"])
        places.setdefault(key, set()).update(_verify_session(store, row, first[key]))
    missing = {(key, place) for key, places in first.items() for place in places} - {
        (key, place) for key, places in places.items() for place in places
    }
    assert missing <= set(lost), f"I1: lost {missing}"
    for name in TABLES[1:]:
        for row in rows(store, name):
            assert (row["website_id"], row["session_id"]) in counts, f"{name}: {row}"
    if next(store.list("raw/"), None) is None:
        _verify_finished(store, session_rows)


def _verify_session(store: Store, row: Row, sent: Mapping[Place, ReceivedChunk]) -> set[Place]:
    """I2 to I6 of one session; returns its chunks."""
    header, events = stored(store, row)
    assert (header["website_id"], header["session_id"]) == (row["website_id"], row["session_id"])
    places = [(chunk[0], chunk[1]) for chunk in header["chunks"]]
    assert places == sorted(set(places)), "I3: each chunk once"
    assert set(places) <= set(sent), "I2: a chunk that nobody sent"
    assert len(events) == row["event_count"], "I5"
    ordered = sorted(
        (
            (event["timestamp"], *place, number, event)
            for place in places
            for number, event in enumerate(json_of(sent[place]))
        ),
        key=lambda item: item[:4],
    )
    assert events == [(page, seq, event) for _, page, seq, _, event in ordered], "I2, I3"
    return set(places)


def _verify_finished(store: Store, sessions: list[Row]) -> None:
    """Assert that without pending chunks all tables agree on files, pages and errors."""
    hashes = {(r["website_id"], r["session_id"]): r["file_sha256"] for r in sessions}
    files = rows(store, "session_files")
    assert {(r["website_id"], r["session_id"]): r["file_sha256"] for r in files} == hashes
    assert len(files) == len(sessions)
    for name, column in (("pages", "page_count"), ("errors", "error_count")):
        counts = Counter((row["website_id"], row["session_id"]) for row in rows(store, name))
        for row in sessions:
            assert counts[row["website_id"], row["session_id"]] == row[column], name
