"""A second reader, written from `lake/FORMAT.md` and with nothing of ours but the lake's bytes."""

import gzip
import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import zstandard
from deltalake import DeltaTable

import lake as lake_package
from lake.settings import Settings
from lake.storage.base import Store
from lake.tables.cold_layout import move_to_cold
from tests.support import lakes

OrderedEvent = tuple[
    float, str, int, int, Any
]  # timestamp, page_id, seq, place in the chunk, event
CHUNK = (
    *("page_id", "seq", "crc32", "raw_bytes"),
    *("event_count", "click_count", "error_count", "snapshot_count"),
    *("first_at_ms", "last_at_ms", "views", "user_id", "trigger"),
    *("user_ids", "acted_at_ms", "cut"),
)
CLIENT = (
    *("visitor_id", "device_type", "device_model", "browser_name", "browser_version"),
    *("os_name", "os_version", "country"),
)
VIEW = ("at_ms", "url", "width", "height", "title")
FRAME = (
    *("offset", "size_bytes", "raw_bytes", "event_count"),
    *("first_at_ms", "last_at_ms", "has_snapshot"),
)
LONE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


PAGE = (Path(lake_package.__file__).parent / "FORMAT.md").read_text()


def cold_part_of(website: str, session: str) -> str:
    """The part of a session on a finished day, as the page tells how to find it."""
    (buckets,) = re.findall(
        r"CRC-32 of the website id modulo (\d+), in two digits", " ".join(PAGE.split())
    )
    return f"{day_of(session)[:7]}.{zlib.crc32(website.encode()) % int(buckets):02d}"


def row_of(lake: Path, website: str, session: str, part: str | None = None) -> dict[str, Any]:
    filters = [("part", "=", part)] if part else None
    table = DeltaTable(str(lake / "tables/sessions")).to_pyarrow_table(filters=filters)
    (row,) = [
        row
        for row in table.to_pylist()
        if (row["website_id"], row["session_id"]) == (website, session)
    ]
    return dict(row)


def day_of(session: str) -> str:
    at_ms = int(session.replace("-", "")[:12], 16)
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"


def read_file(lake: Path, row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[OrderedEvent]]:
    """Verify a session file and return its chunks and events."""
    session = row["session_id"]
    name = f"{session}.{row['file_sha256'][:16]}.ndjson.zst"
    body = (lake / f"sessions/date={day_of(session)}" / row["website_id"] / name).read_bytes()
    assert len(body) == row["file_bytes"]
    assert hashlib.sha256(body).hexdigest() == row["file_sha256"]
    magic, size = struct.unpack("<II", body[:8])
    assert magic == 0x184D2A50
    header = json.loads(zstandard.ZstdDecompressor().decompress(body[8 : 8 + size]))
    assert header["format"] == 1
    assert (header["website_id"], header["session_id"]) == (row["website_id"], session)
    chunks = [dict(zip(CHUNK, chunk, strict=True)) for chunk in header["chunks"]]
    assert chunks == sorted(chunks, key=lambda chunk: (chunk["page_id"], chunk["seq"]))
    owners = (chunks[number] for number, count in header["runs"] for _ in range(count))
    places: dict[tuple[str, int], int] = {}
    events: list[OrderedEvent] = []
    at = 8 + size
    for frame in (dict(zip(FRAME, frame, strict=True)) for frame in header["frames"]):
        assert at == 8 + size + frame["offset"]
        packed = body[at : at + frame["size_bytes"]]
        at += frame["size_bytes"]
        parameters = zstandard.get_frame_parameters(packed)
        assert parameters.has_checksum
        assert parameters.content_size == frame["raw_bytes"]
        assert parameters.window_size <= 8 << 20
        text = zstandard.ZstdDecompressor().decompress(packed)
        lines = text.split(b"\n")
        assert lines.pop() == b""
        decoded = [json.loads(line) for line in lines]
        assert len(decoded) == frame["event_count"]
        times = [event["timestamp"] for event in decoded]
        assert (min(times), max(times)) == (frame["first_at_ms"], frame["last_at_ms"])
        assert any(event["type"] == 2 for event in decoded) == frame["has_snapshot"]
        for event in decoded:
            owner = next(owners)
            place = (owner["page_id"], owner["seq"])
            places[place] = places.get(place, -1) + 1
            events.append((event["timestamp"], *place, places[place], event))
    assert at == len(body)
    assert next(owners, None) is None
    assert [event[:4] for event in events] == sorted(event[:4] for event in events)
    return chunks, events


def read_segments(lake: Path, website: str, session: str) -> Iterator[dict[str, Any]]:
    """Yield the waiting chunks of a session, first segment first."""
    for path in sorted((lake / f"raw/date={day_of(session)}").glob("*.parquet")):
        file = pq.ParquetFile(path, page_checksum_verification=True)
        metadata = file.metadata.metadata
        assert metadata[b"replaylake.segment"] == b"3"
        rows = file.read().to_pylist()
        text = json.dumps(
            [small(row) for row in rows], separators=(",", ":"), ensure_ascii=False
        ).encode()
        assert zlib.crc32(text) == int(metadata[b"replaylake.crc32"])
        for row in rows:
            if (row["website_id"], row["session_id"]) == (website, session):
                yield row


def small(row: dict[str, Any]) -> list[Any]:
    """All of a segment's row but its payload, as its checksum wants it."""
    received_us = round(row["received_at"].timestamp() * 1_000_000)
    facts = [row[name] for name in CHUNK if name not in ("views", "cut")]
    views = [[view[name] for name in VIEW] for view in row["views"]]
    facts.insert(CHUNK.index("views"), views)
    client = [row[name] for name in CLIENT]
    ids = [row["website_id"], row["session_id"]]
    return [*ids, facts, client, received_us, row["encoding"], "", row["payload_bytes"]]


def events_of(chunk: dict[str, Any]) -> list[Any]:
    raw = gzip.decompress(chunk["payload"]) if chunk["encoding"] == "gzip" else chunk["payload"]
    assert len(chunk["payload"]) == chunk["payload_bytes"]
    assert (zlib.crc32(raw), len(raw)) == (chunk["crc32"], chunk["raw_bytes"])
    mended = LONE.sub(
        lambda match: b"\\ufffd" if match["lone"] else match[0], raw.removeprefix(b"\xef\xbb\xbf")
    )
    events: list[Any] = json.loads(mended)
    assert len(events) == chunk["event_count"]
    return events


def read_session(lake: Path, website: str, session: str) -> list[Any]:
    """All events of a session in order of replay."""
    chunks, events = read_file(lake, row_of(lake, website, session))
    have = {(chunk["page_id"], chunk["seq"]) for chunk in chunks}
    for chunk in read_segments(lake, website, session):
        place = (chunk["page_id"], chunk["seq"])
        if place not in have:
            have.add(place)
            events += [
                (event["timestamp"], *place, number, event)
                for number, event in enumerate(events_of(chunk))
            ]
    return [event[4] for event in sorted(events, key=lambda event: event[:4])]


@pytest.mark.parametrize("number", range(len(lakes.RECORDINGS)))
def test_session_is_readable_from_the_format_page_alone(
    store: Store, settings: Settings, number: int
) -> None:
    chunks = lakes.recorded(number)
    lone = b'[{"type":5,"timestamp":%d,"data":"\\ud800 \\\\ud800 \\ud83d\\ude00"}]' % lakes.NOW_MS
    odd = lakes.chunk(b"\xef\xbb\xbf" + lone, seq=999, encoding="")
    other = lakes.session(3, website="w_b")
    lakes.append(store, chunks[::2] + other)
    lakes.compact(store, settings)
    lakes.append(store, chunks[1::2], [odd, chunks[0]])

    events = read_session(Path(settings.lake), lakes.WEBSITE, lakes.session_id())
    expected = [
        *lakes.recording(number),
        {
            "type": 5,
            "timestamp": lakes.NOW_MS,
            "data": "\ufffd \\ud800 \U0001f600",
        },
    ]
    assert events == sorted(expected, key=lambda event: event["timestamp"])
    lakes.compact(store, settings)
    assert events == read_session(Path(settings.lake), lakes.WEBSITE, lakes.session_id())


def test_cold_session_is_readable_from_the_format_page_alone(
    store: Store, settings: Settings
) -> None:
    websites = [f"w_{number}" for number in range(12)]
    for number, website in enumerate(websites):
        lakes.append(store, lakes.session(number, website=website))
    lakes.compact(store, settings)
    move_to_cold(store, lakes.DAY + timedelta(days=1))

    for number, website in enumerate(websites):
        session = lakes.session_id(number)
        row = row_of(Path(settings.lake), website, session, cold_part_of(website, session))
        _, events = read_file(Path(settings.lake), row)
        assert len(events) == row["event_count"]
