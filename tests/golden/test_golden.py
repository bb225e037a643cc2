"""Files of every format that was ever written are read for ever."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from lake import ids
from lake.operations.check.finding import CheckFinding
from lake.operations.check.run import check
from lake.operations.rebuild import rebuild
from lake.raw import chunk_codec, segment_file
from lake.sessions.session_file import SessionFile
from lake.settings import Settings
from lake.source_maps import store as source_maps
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.delta_table import Table
from lake.tables.partitions import hot_part
from lake.tables.schemas import SCHEMAS
from tests.support import lakes

HERE = Path(__file__).parent
FORMATS = (1, 2, 3)
# The first format knew neither; the third knows all people of a session.
TITLES = ["", "", "Cart – 1 Stück"]
PAGE_TITLES = {1: ["", ""], 2: TITLES, 3: TITLES}
TRIGGERS = {1: [None, None, None], 2: [None, None, "error"], 3: [None, None, "error"]}
USERS = {1: set(), 2: set(), 3: {"alice", "bob"}}
FIRST = "visitor of 0000"
VISITORS = {1: (FIRST,), 2: (FIRST,), 3: ("b", FIRST, "visitor of 0001")}

Chunks = dict[tuple[str, int], list[Any]]


def written(number: int) -> Chunks:
    chunks = json.loads((HERE / f"chunks-{number}.json").read_text())
    return {(page, seq): events for (page, seq), events in chunks}


def broken(store: Store, settings: Settings) -> list[CheckFinding]:
    """Findings of `check`, without those on the missing website of these sessions."""
    findings = check(store, settings, now_ms=lakes.NOW_MS)
    return [finding for finding in findings if finding.kind != "website-unknown"]


@pytest.mark.parametrize("number", FORMATS)
def test_golden_segment_is_read(number: int) -> None:
    received_chunks = segment_file.decode((HERE / f"segment-{number}.parquet").read_bytes())

    assert {
        received_chunk.facts.place: [
            json.loads(event.json)
            for event in chunk_codec.split_events(
                chunk_codec.inflate(
                    received_chunk.payload, received_chunk.encoding, raw_bytes_max=1 << 20
                )
            )
        ]
        for received_chunk in received_chunks
    } == written(number)
    assert {received_chunk.session_id for received_chunk in received_chunks} == {lakes.session_id()}
    assert [
        received_chunk.facts.views[0].url
        for received_chunk in received_chunks
        if received_chunk.facts.views
    ] == [
        "https://shop.example/",
        "https://shop.example/cart",
    ]
    titles = [
        view.title for received_chunk in received_chunks for view in received_chunk.facts.views
    ]
    triggers = [received_chunk.facts.trigger for received_chunk in received_chunks]
    assert (titles, triggers) == (PAGE_TITLES[number], TRIGGERS[number])
    assert all(received_chunk.client.device_type == "desktop" for received_chunk in received_chunks)
    assert all(
        received_chunk.received_at == lakes.NOW_MS * 1000 for received_chunk in received_chunks
    )


@pytest.mark.parametrize("number", FORMATS)
def test_golden_session_file_is_read(number: int, store: Store) -> None:
    store.put("sessions/x", (HERE / f"session-{number}.ndjson.zst").read_bytes())
    file = SessionFile(store, "sessions/x")
    places = [chunk.place for chunk in file.header.chunks]
    events_by_place: Chunks = {}
    for event in file.events():
        events_by_place.setdefault(places[event.chunk], []).append(json.loads(event.json))

    expected = {
        place: sorted(events, key=lambda event: event["timestamp"])
        for place, events in written(number).items()
    }
    assert events_by_place == expected
    assert len(file.header.frames) > 1
    assert file.header.client.visitor_id == FIRST
    assert (file.header.visitors, file.header.users) == (VISITORS[number], USERS[number])
    assert [chunk.trigger for chunk in file.header.chunks] == TRIGGERS[number]


@pytest.mark.parametrize("number", FORMATS)
def test_golden_pending_segment_is_compacted(number: int, store: Store, settings: Settings) -> None:
    body = (HERE / f"segment-{number}.parquet").read_bytes()
    store.put(keys.segment_key(lakes.DAY, ids.uuid7(lakes.NOW_MS, number)), body)
    (done,) = lakes.compact(store, settings)

    assert (done.session_count, done.failed, lakes.quarantined(store)) == (1, {}, [])
    lakes.verify(store, segment_file.decode(body))
    assert broken(store, settings) == []


def test_session_with_facts_of_an_old_format_can_grow(store: Store, settings: Settings) -> None:
    body = (HERE / "session-1.ndjson.zst").read_bytes()
    generation = hashlib.sha256(body).hexdigest()[:16]
    key = keys.session_file_key(lakes.DAY, lakes.WEBSITE, lakes.session_id(), generation)
    store.put(key, body)
    assert rebuild(store, settings).failed == {}
    table = Table(store, "session_files")
    rows = table.snapshot().scan().collect()
    (packed,) = rows["chunks"]
    short = [
        [*facts[:10], [view[:4] for view in facts[10]], facts[11]] for facts in json.loads(packed)
    ]
    rows = rows.with_columns(
        part=pl.lit(hot_part(lakes.session_id())), chunks=pl.lit(json.dumps(short).encode())
    )
    table.replace(rows["part"], rows.select(SCHEMAS["session_files"].names).to_arrow())
    findings = broken(store, settings)
    late = lakes.chunk([lakes.note(11, "trigger", kind="url")], page=lakes.page_id(1), seq=1)
    lakes.append(store, [late])
    (done,) = lakes.compact(store, settings)

    assert (findings, done.failed, done.session_count) == ([], {}, 1)
    old = segment_file.decode((HERE / "segment-1.parquet").read_bytes())
    lakes.verify(store, [*old, late])
    (file,) = (SessionFile(store, item.key) for item in store.list("sessions/") if item.key != key)
    assert [chunk.trigger for chunk in file.header.chunks] == [None, None, None, "url"]


def test_golden_source_map_matches_its_format_description(store: Store) -> None:
    body = (HERE / "source-map-1.map.zst").read_bytes()
    store.put("control/x", body)
    line, _, packed = body.partition(b"\n")
    inflated = zstandard.ZstdDecompressor().decompress(packed)
    text_bytes, line_count, count = struct.unpack_from("<3i", inflated)
    numbers = struct.unpack_from(f"<{line_count + 5 * count}i", inflated, 12 + text_bytes)

    head, source_map = source_maps.read(store, "control/x")

    assert (json.loads(line)["url"], head.url) == ("https://shop.example/app.js",) * 2
    assert json.loads(inflated[12 : 12 + text_bytes]) == {
        "sources": ["src/a.ts", "src/b.ts"],
        "names": ["pay"],
    }
    assert [source_map.find(*place) for place in ((1, 10), (1, 11), (1, 16), (2, 2))] == [
        ("src/a.ts", 1, 1, ""),
        ("src/a.ts", 2, 3, "pay"),
        None,
        ("src/b.ts", 3, 1, ""),
    ]
    assert numbers == (
        *(0, 3, 4),
        *(0, 10, 15, 1),
        *(0, 0, -1, 1),
        *(0, 1, 1, 2),
        *(0, 2, 2, 0),
        *(-1, 0, -1, -1),
    )
