"""Files of every format that was ever written are read for ever."""

import json
from pathlib import Path
from typing import Any

import pytest

from lake import chunks, segments
from lake.session_files import SessionFile
from lake.store import Store
from tests import lakes

HERE = Path(__file__).parent
FORMATS = (1,)

Chunks = dict[tuple[str, int], list[Any]]


def written(number: int) -> Chunks:
    found = json.loads((HERE / f"chunks-{number}.json").read_text())
    return {(page, seq): events for (page, seq), events in found}


@pytest.mark.parametrize("number", FORMATS)
def test_a_segment_is_read(number: int) -> None:
    arrivals = segments.decode((HERE / f"segment-{number}.parquet").read_bytes())

    assert {
        arrival.facts.place: [
            json.loads(event.json)
            for event in chunks.split_events(
                chunks.inflate(arrival.payload, arrival.encoding, raw_bytes_max=1 << 20)
            )
        ]
        for arrival in arrivals
    } == written(number)
    assert {arrival.session_id for arrival in arrivals} == {lakes.session_id()}
    assert [arrival.facts.views[0].url for arrival in arrivals if arrival.facts.views] == [
        "https://shop.example/",
        "https://shop.example/cart",
    ]
    assert all(arrival.client.device_type == "desktop" for arrival in arrivals)
    assert all(arrival.received_at == lakes.NOW_MS * 1000 for arrival in arrivals)


@pytest.mark.parametrize("number", FORMATS)
def test_a_session_file_is_read(number: int, store: Store) -> None:
    store.put("sessions/x", (HERE / f"session-{number}.ndjson.zst").read_bytes())
    file = SessionFile(store, "sessions/x")
    places = [chunk.place for chunk in file.header.chunks]
    found: Chunks = {}
    for event in file.events():
        found.setdefault(places[event.chunk], []).append(json.loads(event.json))

    expected = {
        place: sorted(events, key=lambda event: event["timestamp"])
        for place, events in written(number).items()
    }
    assert found == expected
    assert len(file.header.frames) > 1
    assert file.header.client.visitor_id == "visitor of 0000"
