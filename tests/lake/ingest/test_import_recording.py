import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake import ids
from lake.compaction import compact_day
from lake.errors import RecordingMalformed, SessionExpired, WebsiteMissing
from lake.ingest.import_recording import import_recording
from lake.ingest.recording_reader import read_events
from lake.raw.pending_index import PendingIndex
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from tests.orchestration.lakes import (
    DAY_MS,
    NOW_MS,
    RECORDINGS,
    events_of,
    in_order,
    make_website,
    only,
    played,
)

Bytes = Callable[[bytes], bytes]
PACKINGS: dict[str, Bytes] = {
    "plain": lambda raw: raw,
    "gzip": gzip.compress,
    "two gzip members": lambda raw: gzip.compress(raw[:100]) + gzip.compress(raw[100:]),
    "zstd": zstandard.ZstdCompressor().compress,
    "two zstd frames": lambda raw: b"".join(
        zstandard.ZstdCompressor().compress(part) for part in (raw[:100], raw[100:])
    ),
}


def event(at_ms: float, **more: Any) -> dict[str, Any]:
    return {"type": 3, "data": {"source": 1, "positions": []}, "timestamp": at_ms, **more}


def ndjson(events: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in events)


@pytest.fixture
def website_id(store: Store) -> str:
    return make_website(store)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def write_file(raw: bytes) -> Path:
        path = tmp_path / "recording"
        path.write_bytes(raw)
        return path

    return write_file


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_a_recording_plays_as_it_was_recorded(
    path: Path, store: Store, settings: Settings, website_id: str
) -> None:
    session_id = only(import_recording(store, settings, path, website_id=website_id, now_ms=NOW_MS))

    expected = in_order(events_of(path))
    assert ids.at_ms_of(session_id) == expected[0]["timestamp"]
    assert played(store, settings, website_id, session_id) == expected
    compact_day(store, settings, ids.day_of(session_id), now_ms=NOW_MS)
    assert played(store, settings, website_id, session_id) == expected


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", ["array", "lines", "arrays in lines"])
def test_a_recording_may_be_packed_and_written_in_any_way(
    packing: str,
    form: str,
    store: Store,
    settings: Settings,
    website_id: str,
    write: Callable[[bytes], Path],
) -> None:
    events = [event(NOW_MS - 1000 + i, note="Grüße \U0001f600") for i in range(50)]
    raw = {
        "array": json.dumps(events, indent=2).encode(),
        "lines": ndjson(events),
        "arrays in lines": b"\n".join(
            json.dumps(events[i : i + 7]).encode() for i in range(0, 50, 7)
        ),
    }[form]
    path = write(PACKINGS[packing](b"\xef\xbb\xbf" + raw))

    session_id = only(import_recording(store, settings, path, website_id=website_id, now_ms=NOW_MS))

    assert played(store, settings, website_id, session_id) == events


def test_moving_the_clock_changes_event_timestamps_only(
    store: Store, settings: Settings, website_id: str, write: Callable[[bytes], Path]
) -> None:
    old = [
        {
            "timestamp": 1_000_000 + i * 0.5,
            "type": 3,
            "data": {"timestamp": 7, "x": 1.50, "n": 1e400},
        }
        for i in range(4)
    ]
    text = json.dumps(old).replace("Infinity", "123456789012345678901234567890")
    path = write(text.encode())

    session_id = only(
        import_recording(
            store, settings, path, website_id=website_id, now_ms=NOW_MS, at_ms=NOW_MS - 5000
        )
    )

    moved = played(store, settings, website_id, session_id)
    assert [item["timestamp"] for item in moved] == [NOW_MS - 5000 + i * 0.5 for i in range(4)]
    assert [item["data"] for item in moved] == [item["data"] for item in json.loads(text)]


def test_recording_with_unknown_keys_and_no_meta_is_imported(
    store: Store, settings: Settings, website_id: str, write: Callable[[bytes], Path]
) -> None:
    """rrweb of 2018 and recorders built on it: no `isStyle`, a `delay`, keys of the vendor's."""
    snapshot = {
        "node": {"type": 0, "childNodes": [], "id": 1},
        "initialOffset": {"top": 0, "left": 0},
    }
    events = [
        {"type": 2, "data": snapshot, "timestamp": NOW_MS - 900, "delay": 3, "_vendor": {"v": [1]}},
        event(NOW_MS - 500, windowId="w1", seq=4),
    ]

    session_id = only(
        import_recording(
            store,
            settings,
            write(json.dumps(events).encode()),
            website_id=website_id,
            now_ms=NOW_MS,
        )
    )

    assert played(store, settings, website_id, session_id) == events


@pytest.mark.fault(35)
def test_lone_surrogates_are_mended_and_lose_nobody(
    store: Store, settings: Settings, website_id: str, write: Callable[[bytes], Path]
) -> None:
    """Fault 35."""
    path = write(b'[{"type":3,"timestamp":%d,"data":{"text":"a\\ud800b"}}]' % (NOW_MS - 10))

    for at_ms in (None, NOW_MS - 5):
        session_id = only(
            import_recording(
                store, settings, path, website_id=website_id, now_ms=NOW_MS, at_ms=at_ms
            )
        )

        (mended,) = played(store, settings, website_id, session_id)
        assert mended["data"]["text"] == "a\ufffdb"


@pytest.mark.parametrize("key", ["sessionId", "session_id"])
def test_a_file_that_names_its_sessions_becomes_that_many(
    key: str, store: Store, settings: Settings, website_id: str, write: Callable[[bytes], Path]
) -> None:
    events = [event(NOW_MS - 10_000 + i, **{key: f"s{i % 3}"}) for i in range(30)]
    del events[4][key]  # belongs with the one before it

    made = import_recording(
        store, settings, write(ndjson(events)), website_id=website_id, now_ms=NOW_MS
    )

    assert [(item.name, item.event_count) for item in made] == [("s0", 11), ("s1", 9), ("s2", 10)]
    assert played(store, settings, website_id, made[2].session_id) == events[2::3]
    assert ids.at_ms_of(made[1].session_id) == events[1]["timestamp"]


def test_interleaved_sessions_are_written_in_bounded_memory(
    store: Store,
    settings: Settings,
    website_id: str,
    write: Callable[[bytes], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lake.ingest.import_recording._HELD_BYTES_MAX", 500)
    events = [event(NOW_MS - 10_000 + i, sessionId=f"s{i % 7}") for i in range(70)]

    made = import_recording(
        store, settings, write(ndjson(events)), website_id=website_id, now_ms=NOW_MS
    )

    for i, imported in enumerate(made):
        assert played(store, settings, website_id, imported.session_id) == events[i::7]


def test_importing_twice_makes_two_sessions(
    store: Store, settings: Settings, website_id: str
) -> None:
    first, second = (
        only(import_recording(store, settings, RECORDINGS[0], website_id=website_id, now_ms=NOW_MS))
        for _ in range(2)
    )

    assert first != second
    assert len(PendingIndex(store).refresh().sessions) == 2


def test_large_recording_is_split_into_bounded_chunks(
    store: Store, website_id: str, settings: Settings, write: Callable[[bytes], Path]
) -> None:
    random.seed(1)
    events = [event(NOW_MS - 90_000 + i, pad=f"{random.getrandbits(80_000):x}") for i in range(600)]
    small = Settings(lake=settings.lake, segment_bytes_max=1 << 20)

    session_id = only(
        import_recording(
            store, small, write(json.dumps(events).encode()), website_id=website_id, now_ms=NOW_MS
        )
    )

    waiting = PendingIndex(store).refresh().sessions[website_id, session_id]
    assert all(pending.received_chunk.facts.raw_bytes <= 1 << 20 for pending in waiting)
    assert sorted(pending.received_chunk.facts.seq for pending in waiting) == list(
        range(len(waiting))
    )
    sizes = [item.size_bytes for item in store.list(keys.RAW)]
    assert len(sizes) > 2
    assert max(sizes) < 2 << 20
    assert played(store, settings, website_id, session_id) == events


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "holds no events"),
        (b"[]", "holds no events"),
        (b"{", "cut short"),
        (b'[{"type":3,"timestamp":1}', "cut short, at character 25 (after 1 events)"),
        (b'[{"type":3,"timestamp":1} {"type":3}]', "',' or ']' is missing, at character 26"),
        (b'[{"type":3,"timestamp":1},]', "at character 26"),
        (b'[{"type":3,"timestamp":1},{"type":3 "x"}]', "at character 36 (after 1 events)"),
        (b'[{"type":3,"timestamp":1},7]', "an event is an object"),
        (b'{"type":3}', "event 1 has no number `timestamp`"),
        (b'{"type":3,"timestamp":true}', "event 1 has no number `timestamp`"),
        (b'{"type":3,"timestamp":1}\n{"type":"x","timestamp":1}', "event 2: not an array of rrweb"),
        (b'{"type":3,"timestamp":1e999}', "event 1"),
        (b'{"type":3,"timestamp":NaN}', "event 1"),
        (b'{"type":3,"timestamp":1,"data":' + b"[" * 100_000, "event"),
        (b'{"type":3,"timestamp":%s}' % (b"9" * 5000), "no JSON that can be read"),
        (b"\xff\xfe[\x00", "not UTF-8"),
        (b"<html>", "at character 0"),
        (gzip.compress(b"[" * 1000, mtime=0)[:-9], "gzip stream is damaged"),
        (zstandard.ZstdCompressor().compress(ndjson([event(1)]))[:-3], "zstd stream is damaged"),
        (b"\x28\xb5\x2f\xfdnonsense", "zstd stream is damaged"),
        (b"\x28\xb5\x2f\xfd\0\xa0\x11\0\0[]", "zstd stream is damaged"),  # a window of 1 GiB
    ],
)
@pytest.mark.fault(34, 35, 36, 37, 38)
def test_malformed_file_is_refused_with_its_place_and_not_stored(
    raw: bytes,
    says: str,
    store: Store,
    settings: Settings,
    website_id: str,
    write: Callable[[bytes], Path],
) -> None:
    """Faults 34 to 38."""
    with pytest.raises(RecordingMalformed) as caught:
        import_recording(store, settings, write(raw), website_id=website_id, now_ms=NOW_MS)

    assert says in str(caught.value)
    assert list(store.list(keys.RAW)) == []


def test_file_malformed_after_its_first_segment_is_not_stored(
    store: Store, settings: Settings, website_id: str, write: Callable[[bytes], Path]
) -> None:
    small = Settings(lake=settings.lake, segment_bytes_max=1)
    events = [event(NOW_MS - 10_000 + i) for i in range(2000)]

    with pytest.raises(RecordingMalformed):
        import_recording(
            store, small, write(ndjson(events) + b"{"), website_id=website_id, now_ms=NOW_MS
        )

    assert list(store.list(keys.RAW)) == []


def test_an_event_larger_than_a_chunk_may_be_is_refused(
    settings: Settings, store: Store, website_id: str, write: Callable[[bytes], Path]
) -> None:
    path = write(json.dumps([event(NOW_MS, pad="x" * 5_000_000)]).encode())
    small = Settings(lake=settings.lake, chunk_raw_bytes_max=1 << 20)

    with pytest.raises(RecordingMalformed, match="REPLAY_CHUNK_RAW_BYTES_MAX"):
        import_recording(store, small, path, website_id=website_id, now_ms=NOW_MS)


@pytest.mark.parametrize("begins_ms", [NOW_MS - 61 * DAY_MS, 5_000])
def test_recording_past_retention_is_refused_naming_at_now(
    begins_ms: int,
    store: Store,
    settings: Settings,
    website_id: str,
    write: Callable[[bytes], Path],
) -> None:
    path = write(ndjson([event(begins_ms)]))

    with pytest.raises(SessionExpired, match="--at now"):
        import_recording(store, settings, path, website_id=website_id, now_ms=NOW_MS)
    import_recording(store, settings, path, website_id=website_id, now_ms=NOW_MS, at_ms=NOW_MS)


@pytest.mark.parametrize("begins_ms", [NOW_MS + 2 * DAY_MS, -5, 8e15])
@pytest.mark.fault(32)
def test_a_recording_of_the_future_or_before_1970_is_refused(
    begins_ms: float,
    store: Store,
    settings: Settings,
    website_id: str,
    write: Callable[[bytes], Path],
) -> None:
    """Fault 32."""
    with pytest.raises(RecordingMalformed, match="--at now"):
        import_recording(
            store, settings, write(ndjson([event(begins_ms)])), website_id=website_id, now_ms=NOW_MS
        )


def test_an_import_needs_a_website(store: Store, settings: Settings) -> None:
    with pytest.raises(WebsiteMissing):
        import_recording(store, settings, RECORDINGS[0], website_id="w_none", now_ms=NOW_MS)


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    texts=st.lists(st.text(max_size=40), min_size=1, max_size=8),
    indent=st.sampled_from([None, 1]),
    is_ascii=st.booleans(),
)
def test_events_are_found_wherever_the_file_is_cut_into_blocks(
    texts: list[str],
    indent: int | None,
    is_ascii: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Small blocks split every event, as large files do with some."""
    events = [event(i, text=text) for i, text in enumerate(texts)]
    text = json.dumps(events, indent=indent, ensure_ascii=is_ascii)
    path = tmp_path_factory.mktemp("cut") / "recording"
    path.write_bytes(text.encode("utf-8", "replace"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lake.ingest.recording_reader._BLOCK_BYTES", 3)
        read = list(read_events(path, event_bytes_max=1 << 20))

    assert [json.loads(item.json) for item in read] == json.loads(path.read_bytes())
