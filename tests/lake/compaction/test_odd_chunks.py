"""Odd chunks that are accepted: events come out as they went in, and rows are sane."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lake import ids
from lake.control import websites
from lake.errors import ChunkMalformed
from lake.raw import rrweb_events
from lake.raw.segment_file import ReceivedChunk
from lake.sessions import session_file_writer
from lake.sessions.session_file import OrderedEvent, SessionFile
from lake.settings import MIB, Settings
from lake.storage import keys
from lake.storage.base import Store, open_store
from lake.timestamps import CLOCK_OFF_MS_MAX, clamp_to_session
from tests.support import lakes

YEARS_10_MS = 10 * 365 * 86_400_000


def compacted(store: Store, settings: Settings, *sent: ReceivedChunk) -> lakes.Row:
    """Bring the chunks of one session into the lake, verify it, and return its row."""
    lakes.append(store, sent)
    lakes.compact(store, settings)
    lakes.verify(store, sent)
    assert list(store.list("raw/")) == []
    (row,) = lakes.rows(store, "sessions")
    return row


@pytest.mark.fault(27)
def test_gaps_and_the_largest_seq_are_reported(settings: Settings, store: Store) -> None:
    """Fault 27."""
    sent = [
        lakes.chunk([lakes.meta(5), lakes.snapshot(5)], seq=0),
        lakes.chunk([lakes.click(7)], seq=3),
        lakes.chunk([lakes.click(6)], seq=ids.SEQ_MAX),
    ]
    row = compacted(store, settings, *reversed(sent))

    assert not row["is_complete"]
    assert [event["timestamp"] for event in lakes.stored_events(store)] == [5, 5, 6, 7]


@pytest.mark.also_on_s3
@pytest.mark.fault(31)
def test_one_session_id_in_two_websites_is_two_sessions(store: Store, settings: Settings) -> None:
    """Fault 31, I7: also in one batch, where both files are written at once."""
    of_a = [lakes.chunk([lakes.click(at)], seq=at, website="w_a") for at in range(3)]
    of_b = [lakes.chunk([lakes.click(at, b=1)], seq=at, website="w_b") for at in range(3)]
    lakes.append(store, [*of_a[:2], *of_b[:2]])
    lakes.compact(store, settings)
    lakes.append(store, [*of_a[2:], *of_b[2:]])
    lakes.compact(store, settings)

    lakes.verify(store, of_a + of_b)
    for website in ("w_a", "w_b"):
        events = lakes.stored_events(store, (website, lakes.session_id()))
        assert all(("b" in event["data"]) == (website == "w_b") for event in events)
        assert len(events) == 3


@pytest.mark.parametrize(
    "times",
    [
        [lakes.NOW_MS + YEARS_10_MS, lakes.NOW_MS],
        [lakes.NOW_MS - YEARS_10_MS, lakes.NOW_MS, lakes.NOW_MS - 1],
        [8_640_000_000_000_000, -8_640_000_000_000_000],
        [0, -0.0, 0.25, -0.25, 1e3],
    ],
)
@pytest.mark.fault(32)
def test_wrong_browser_clock_does_not_move_a_session(
    settings: Settings, store: Store, times: list[float]
) -> None:
    """Fault 32: its day and `started_at` are the server's; no duration is negative or overflows."""
    row = compacted(
        store,
        settings,
        *(
            lakes.chunk([lakes.meta(at), lakes.snapshot(at), lakes.click(at)], seq=seq)
            for seq, at in enumerate(times)
        ),
    )

    assert row["started_at"] == datetime.fromtimestamp(lakes.NOW_MS / 1000, UTC)
    first, last = (clamp_to_session(at, lakes.NOW_MS) for at in (min(times), max(times)))
    assert (row["first_at_ms"], row["duration_ms"]) == (first, last - first)
    assert row["duration_ms"] <= 2 * CLOCK_OFF_MS_MAX
    assert all(page["duration_ms"] >= 0 for page in lakes.rows(store, "pages"))
    assert keys.session_prefix(lakes.DAY) in lakes.file_key(row)
    assert all(a["timestamp"] <= b["timestamp"] for a, b in pairwise(lakes.stored_events(store)))


@pytest.mark.parametrize("wrong_ms", [20 * 60_000, -3_600_000])
@pytest.mark.fault(33)
def test_a_server_clock_that_is_wrong_delays_and_loses_nothing(
    settings: Settings, store: Store, wrong_ms: int
) -> None:
    """Fault 33: some chunks were received by a replica whose clock is wrong."""
    sent = lakes.session(chunk_count=4)
    sent[1] = sent[1]._replace(received_at=sent[1].received_at + wrong_ms * 1000)
    lakes.append(store, sent[:2], now_ms=lakes.NOW_MS + wrong_ms)
    lakes.append(store, sent[2:])
    for later_ms in range(0, 30 * 60_000, 60_000):
        now_ms = lakes.NOW_MS + later_ms
        lakes.compact(store, settings, now_ms=now_ms, settled_only=True)
        lakes.verify(store, sent)

    assert list(store.list("raw/")) == []


@pytest.mark.fault(33)
def test_a_compactor_with_a_late_clock_expires_nothing_early(
    settings: Settings, store: Store
) -> None:
    """Fault 33."""
    website = websites.create(store, "shop", plan="free", now_ms=lakes.NOW_MS)
    sent = [chunk._replace(website_id=website.website_id) for chunk in lakes.session()]
    lakes.append(store, sent)
    later_ms = lakes.NOW_MS + int(timedelta(days=9).total_seconds()) * 1000
    (done,) = lakes.compact(store, settings, now_ms=later_ms)

    assert (done.expired_count, done.session_count, done.segment_count) == (3, 0, 1)
    lakes.append(store, sent)
    (done,) = lakes.compact(store, settings, now_ms=lakes.NOW_MS - 3_600_000)
    assert (done.expired_count, done.session_count) == (0, 1)
    lakes.verify(store, sent)


@pytest.mark.fault(34)
def test_nan_and_infinity_never_reach_compaction(settings: Settings, store: Store) -> None:
    """Fault 34: negative and fractional times and huge values are kept as they are."""
    for text in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        with pytest.raises(ChunkMalformed):
            lakes.chunk(b'[{"type":3,"timestamp":%s}]' % text)
    data = {"x": -1, "y": 1e308, "duration": -5, "big": 2**80, "width": -3, "height": 1e300}
    event = {"type": 4, "timestamp": -7.5, "data": {**data, "href": "x"}}
    row = compacted(store, settings, lakes.chunk([event]))

    assert lakes.stored_events(store) == [event]
    assert (row["viewport_width"], row["viewport_height"], row["duration_ms"]) == (0, 0, 0)


@pytest.mark.fault(35)
def test_unusual_characters_survive_compaction(settings: Settings, store: Store) -> None:
    """Fault 35: NUL, byte order mark, line separators; lone surrogates are mended."""
    text = "\0 \u2028 \u2029 \x85 \x0b \x0c \x1c \r \n \ufeff \U0001f600 \x7f"
    raw = json.dumps([lakes.click(1, text=text)], ensure_ascii=False).encode()
    escaped = json.dumps([lakes.click(2, text=text)]).encode()
    lone = b'[{"type":3,"timestamp":3,"data":{"text":"\\ud800x\\udc00"}}]'
    mended = [{"type": 3, "timestamp": 3, "data": {"text": "\ufffdx\ufffd"}}]
    lakes.append(
        store,
        [
            lakes.chunk(b"\xef\xbb\xbf" + raw, seq=0),
            lakes.chunk(escaped, seq=1),
            lakes.chunk(lone, seq=2),
        ],
    )
    lakes.compact(store, settings)

    assert lakes.stored_events(store) == [
        lakes.click(1, text=text),
        lakes.click(2, text=text),
        *mended,
    ]


@pytest.mark.parametrize("breaks", [b"\n", b"\r", b"\r\n", b"\n\t "])
def test_line_breaks_between_tokens_break_no_line(
    settings: Settings, store: Store, breaks: bytes
) -> None:
    """Each event is one line of the session file, however its JSON was formatted."""
    events = [lakes.click(1, a=[1, {"b": "c \\n d"}]), lakes.click(2)]
    raw = json.dumps(events, indent=1).encode().replace(b"\n", breaks)
    deep = b'[\n{"type":3,"timestamp":3,"data":' + b"[" * 900 + b"]" * 900 + b"}]"
    compacted(store, settings, lakes.chunk(raw, seq=0), lakes.chunk(deep, seq=1))

    assert lakes.stored_events(store)[:2] == events


def test_chunks_compressed_in_any_way_give_the_same_bytes(settings: Settings, store: Store) -> None:
    hashes = []
    for number, (encoding, level) in enumerate([("gzip", 1), ("gzip", 9), ("", 0)]):
        raw = lakes.written([lakes.meta(1), lakes.snapshot(1, "x" * 10_000)])
        other = replace(settings, lake=f"{settings.lake}-{number}")
        pending = open_store(other)
        hashes.append(
            compacted(pending, other, lakes.chunk(raw, encoding=encoding, level=level))[
                "file_sha256"
            ]
        )

    assert len(set(hashes)) == 1


@pytest.mark.folder  # the bytes are the same on any store
@pytest.mark.parametrize(
    "level", [6, 22, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 19))]
)
def test_every_frame_can_be_read_by_a_browser(settings: Settings, store: Store, level: int) -> None:
    """Browsers refuse zstd windows above 8 MiB; a single event may be larger."""
    settings = replace(settings, zstd_level=level)
    text = "".join(chr(33 + i * 7919 % 90) for i in range(12 * MIB if level < 19 else 9 * MIB))
    row = compacted(store, settings, lakes.chunk([lakes.meta(1), lakes.snapshot(1, text)]))

    file = SessionFile(store, lakes.file_key(row))
    windows = [zstandard.get_frame_parameters(body).window_size for body in file.bodies()]
    assert max(windows) <= 8 * MIB
    assert all(zstandard.get_frame_parameters(body).has_checksum for body in file.bodies())


KINDS = st.sampled_from(
    [rrweb_events.META, rrweb_events.FULL_SNAPSHOT, rrweb_events.INCREMENTAL, 5]
)


@given(
    kinds=st.lists(KINDS, min_size=1, max_size=30),
    low=st.integers(1, 200),
    high=st.integers(1, 400),
)
def test_frames_start_at_snapshots_together_with_their_meta(
    kinds: list[int], low: int, high: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("file")
    events = [
        OrderedEvent(float(at), 0, kind, json.dumps({"type": kind, "timestamp": at}).encode())
        for at, kind in enumerate(kinds)
    ]
    (first,) = lakes.session(chunk_count=1)
    written = session_file_writer.write_session_file(
        folder,
        iter(events),
        website_id="w",
        session_id="s",
        client=first.client,
        chunks=(first.facts,),
        visitor_ids=(),
        settings=Settings(frame_bytes_min=low, frame_bytes_max=high),
    )
    frames = written.header.frames

    assert sum(frame.event_count for frame in frames) == len(kinds)
    at = 0
    for frame in frames:
        if at:
            assert (kinds[at - 1], kinds[at]) != (rrweb_events.META, rrweb_events.FULL_SNAPSHOT)
        mine = kinds[at : at + frame.event_count]
        assert frame.has_snapshot == (rrweb_events.FULL_SNAPSHOT in mine)
        assert (frame.first_at_ms, frame.last_at_ms) == (at, at + len(mine) - 1)
        at += frame.event_count
    assert [frame.offset for frame in frames] == [
        sum(f.size_bytes for f in frames[:number]) for number in range(len(frames))
    ]
