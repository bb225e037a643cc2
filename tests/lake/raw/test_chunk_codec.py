import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import BadInput, ChunkMalformed, ChunkTooLarge, EncodingUnsupported
from lake.raw import chunk_codec
from lake.raw.chunk_facts import ChunkFacts
from tests.support import lakes

MIB = 1 << 20
META = {"type": 4, "timestamp": 5, "data": {"href": "https://a.example/x", "width": 9, "height": 8}}
PAGE = "01a1ee56-5e00-7be4-972c-9816fcdafaf7"


def read(raw: bytes) -> ChunkFacts:
    return chunk_codec.read_chunk(raw, page_id=PAGE, seq=0)


def test_a_chunk_is_counted() -> None:
    click = {"type": 3, "timestamp": 7.5, "data": {"source": 2, "type": 2, "id": 1}}
    error = {"type": 5, "timestamp": 6, "data": {"tag": "sr.error", "payload": {"message": "no"}}}
    snapshot = {"type": 2, "timestamp": 5, "data": {"node": {}}}
    facts = read(json.dumps([META, snapshot, click, error]).encode())

    assert (facts.event_count, facts.click_count, facts.error_count, facts.snapshot_count) == (
        4,
        1,
        1,
        1,
    )
    assert (facts.first_at_ms, facts.last_at_ms) == (5, 7)
    assert [(v.url, v.width, v.height) for v in facts.views] == [("https://a.example/x", 9, 8)]


def test_an_uncaught_error_that_the_console_repeats_counts_once() -> None:
    error = {
        "type": 5,
        "timestamp": 6,
        "data": {"tag": "sr.error", "payload": {"message": "Uncaught X: no"}},
    }
    console = {
        "type": 6,
        "timestamp": 7,
        "data": {
            "plugin": "rrweb/console@1",
            "payload": {"level": "error", "payload": ['"Uncaught X: no"']},
        },
    }

    assert read(json.dumps([error, console]).encode()).error_count == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"[1]",
        b"null",
        b"[{}]",
        b'[{"type":3}]',
        b'[{"type":"x","timestamp":1}]',
        b'[{"type":3,"timestamp":"1"}]',
        b'[{"type":3,"timestamp":1}',
        b"[NaN]",
        b'[{"type":3,"timestamp":NaN}]',
        b'[{"type":3,"timestamp":1e999}]',
        b'[{"type":3,"timestamp":1e300}]',
        b'[{"type":3,"timestamp":-Infinity}]',
        b'[{"type":3,"timestamp":1,"data":"\xff"}]',
        b"\0",
        b"[" * 100_000,
        b'[{"type":3,"timestamp":1,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        gzip.compress(b"[]", mtime=0),
    ],
)
@pytest.mark.fault(32, 34, 35, 36)
def test_what_is_no_array_of_events_is_refused_with_a_reason(raw: bytes) -> None:
    """Faults 32, 34, 35, 36; attack 34 (gzip in gzip arrives here as gzip)."""
    with pytest.raises(ChunkMalformed, match=r"."):
        read(raw)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        facts = read(raw)
    except BadInput:
        return
    assert facts.event_count == len(chunk_codec.split_events(raw))


@pytest.mark.fault(35)
def test_lone_surrogates_are_mended_and_pairs_are_kept() -> None:
    """Fault 35."""
    raw = b'[{"type":3,"timestamp":1,"data":"\\ud800 \\ud83d\\ude00 \\\\ud800 \\udfff"}]'

    (event,) = chunk_codec.split_events(raw)
    assert json.loads(event.json)["data"] == "\ufffd \U0001f600 \\ud800 \ufffd"


def test_byte_order_mark_and_line_breaks_are_ignored() -> None:
    raw = b"\xef\xbb\xbf" + json.dumps([META, META], indent=2).encode()

    assert [json.loads(e.json) for e in chunk_codec.split_events(raw)] == [META, META]
    assert all(b"\n" not in e.json for e in chunk_codec.split_events(raw))


@pytest.mark.attack(33)
@pytest.mark.fault(37)
def test_a_gzip_bomb_is_too_large() -> None:
    """Fault 37, attack 33."""
    with pytest.raises(ChunkTooLarge) as caught:
        chunk_codec.inflate(gzip.compress(bytes(64 * MIB)), "gzip", raw_bytes_max=MIB)
    assert caught.value.limit_bytes == MIB


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"[]", mtime=0)[:-4],
        gzip.compress(b"[]", mtime=0) + gzip.compress(b"[]", mtime=0),
        zlib.compress(b"[]"),
        b"",
        b"[]",
        gzip.compress(b"[]", mtime=0) + b"x",
    ],
)
@pytest.mark.attack(35, 36)
def test_only_one_whole_gzip_member_is_accepted(body: bytes) -> None:
    """Attacks 35 and 36."""
    with pytest.raises(ChunkMalformed):
        chunk_codec.inflate(body, "gzip", raw_bytes_max=MIB)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "x" * 999])
@pytest.mark.attack(37)
@pytest.mark.fault(38)
def test_other_encodings_are_refused(encoding: str) -> None:
    """Attack 37; a zstd window of 1 GiB (fault 38) ends here too."""
    with pytest.raises(EncodingUnsupported):
        chunk_codec.inflate(b"", encoding, raw_bytes_max=MIB)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://a.example/x?token=abc&q=1", "https://a.example/x?token=***&q=1"),
        ("https://u:p@a.example/x", "https://a.example/x"),
        ("https://a.example/x?u=joe%40example.com", "https://a.example/x?u=***"),
        ("https://a.example/#access_token=abc&n=1", "https://a.example/#access_token=***&n=1"),
        ("https://a.example/#/route?key=abc", "https://a.example/#/route?key=***"),
        ("https://a.example/x?page=2#top", "https://a.example/x?page=2#top"),
        ("https://a.example/x?t=%2B49%20170%201234567&n=1", "https://a.example/x?t=***&n=1"),
        ("https://a.example/u/joe%40example.com/orders", "https://a.example/u/***/orders"),
        ("https://a.example/#/u/joe@example.com/orders", "https://a.example/#/u/***/orders"),
        ("https://a.example/reset/eyJhbGci.eyJzdWIi.c2ln", "https://a.example/reset/***"),
        ("https://a.example/k/sk_live_4eC39HqLyjW", "https://a.example/k/***"),
        ("https://a.example/pay/4111-1111-1111-1111", "https://a.example/pay/***"),
        ("https://a.example/orders/4111111111111112", "https://a.example/orders/4111111111111112"),
        (f"https://a.example/s/{PAGE}?", f"https://a.example/s/{PAGE}?"),
    ],
)
@pytest.mark.attack(31)
def test_secrets_in_addresses_are_masked_before_they_are_stored(url: str, clean: str) -> None:
    """Attack 31."""
    raw = json.dumps([META | {"data": {"href": url, "width": 1, "height": 1}}]).encode()

    assert read(raw).views[0].url == clean


def test_a_page_note_is_a_view_with_a_title() -> None:
    title = "Order of joe@example.com, +49 170 1234567 – " + "x" * 400
    note = lakes.note(6, "page", url="https://a.example/x?token=1", title=title, width=9, height=8)
    odd = [
        lakes.note(7, "page", url=["no text"], title="no address"),
        lakes.note(8, "page", url="https://a.example/y", title={"no": "text"}, width="wide"),
        {"type": 5, "timestamp": 9, "data": {"tag": "replaylake.page", "payload": [1]}},
        {"type": 5, "timestamp": 9, "data": {"tag": "replaylake.page"}},
    ]
    views = read(json.dumps([META, note, *odd]).encode()).views

    assert [(view.at_ms, view.url, view.width, view.height) for view in views] == [
        (5, "https://a.example/x", 9, 8),
        (6, "https://a.example/x?token=***", 9, 8),
        (8, "https://a.example/y", 0, 0),
    ]
    assert [view.title for view in views] == ["", "Order of ***, *** - " + "x" * 280, ""]


def test_the_earliest_trigger_tells_why_a_session_was_kept() -> None:
    notes = [
        lakes.note(7, "trigger", kind="rage_click", detail="main > button"),
        lakes.note(6, "trigger", kind="error", detail="joe@example.com is not a function"),
        lakes.note(5, "trigger", kind="joe@example.com"),
        lakes.note(5, "trigger", kind=7),
        lakes.note(5, "trigger"),
    ]
    assert read(json.dumps(notes).encode()).trigger == "error"
    assert read(json.dumps(notes[2:]).encode()).trigger is None


@given(parts=st.lists(st.sampled_from([b"\xef\xbb\xbf", b"[", b"]", b'"', rb"\ud800", b" ", b"x"])))
def test_what_is_accepted_can_be_cut_into_as_many_events(parts: list[bytes]) -> None:
    raw = b"".join(parts[:2]) + b'[{"type":3,"timestamp":1,"data":"' + b"".join(parts[2:]) + b'"}]'
    try:
        facts = read(raw)
    except BadInput:
        return

    assert len(chunk_codec.split_events(raw)) == facts.event_count


@pytest.mark.parametrize("key", ["timestamp", r"\u0074imestamp", r"times\u0074amp"])
def test_too_many_events_are_refused_before_they_are_built(key: str) -> None:
    """Invariant I10: a megabyte of gzip would be a second of work and 150 MB."""
    raw = b"[" + b",".join([b'{"type":3,"%s":1}' % key.encode()] * 100_001) + b"]"
    with pytest.raises(ChunkMalformed, match="more than 100000 events"):
        read(raw)


def test_a_text_is_checked_in_parts_that_may_cut_a_letter() -> None:
    raw = b'[{"type":3,"timestamp":1,"data":"' + "é€😀".encode() * 300_000 + b'"}]'
    for start in range(1, 5):
        assert read(b" " * start + raw).event_count == 1
    with pytest.raises(ChunkMalformed, match="not UTF-8"):
        read(raw[:2_000_000] + b"\xff" + raw[2_000_000:])


def test_addresses_beyond_what_a_reader_can_hold_are_left_out() -> None:
    metas = [
        META | {"data": {"href": f"https://a.example/{i}/{'x' * 1000}", "width": 1, "height": 1}}
        for i in range(100)
    ]
    facts = read(json.dumps(metas).encode())

    assert facts.event_count == 100
    assert len(facts.views) == 16


def test_titles_count_among_what_a_reader_can_hold() -> None:
    notes = [
        lakes.note(at_ms, "page", url="https://a.example/", title="x" * 300)
        for at_ms in range(1, 101)
    ]
    assert len(read(json.dumps(notes).encode()).views) == 16 * 1024 // (300 + 18)
