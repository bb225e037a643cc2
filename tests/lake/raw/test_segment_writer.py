from collections.abc import Sequence

import pytest

from lake import ids
from lake.errors import StoreUnavailable
from lake.raw import chunk_codec, segment_file, segment_writer
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000
DAY_MS = 86_400_000
RAW = b'[{"type":4,"timestamp":1,"data":{"href":"https://a.example/","width":1,"height":1}}]'


def received_chunks(began_ms: Sequence[int]) -> list[ReceivedChunk]:
    page = ids.new_uuid7(NOW_MS)
    return [
        ReceivedChunk(
            "w_a",
            ids.new_uuid7(at_ms),
            chunk_codec.read_chunk(RAW, page_id=page, seq=0),
            Client(visitor_id="v"),
            NOW_MS * 1000,
            "",
            RAW,
            len(RAW),
        )
        for at_ms in began_ms
    ]


def test_each_day_on_which_sessions_began_gets_one_segment(store: Store) -> None:
    given = received_chunks([NOW_MS, NOW_MS - DAY_MS, NOW_MS])
    written = segment_writer.append(store, given, now_ms=NOW_MS)

    assert [item.key for item in store.list(keys.RAW)] == written
    assert [key[:20] for key in written] == ["raw/date=2026-11-17/", "raw/date=2026-11-18/"]
    matches = [
        received_chunk for key in written for received_chunk in segment_file.decode(store.get(key))
    ]
    assert sorted(matches) == sorted(given)


def test_nothing_arrived_nothing_is_written(store: Store) -> None:
    assert segment_writer.append(store, [], now_ms=NOW_MS) == []
    assert list(store.list("")) == []


def test_a_store_that_refuses_a_new_name_is_unavailable(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "put_new", lambda *_, **__: False)

    with pytest.raises(StoreUnavailable, match="taken"):
        segment_writer.append(store, received_chunks([NOW_MS]), now_ms=NOW_MS)
