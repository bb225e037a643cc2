"""The replay route: what came in goes out, in every encoding and form, whole or in part."""

import gzip
import io
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake.reading.lake_snapshot import Lake
from lake.reading.replay import replay
from lake.settings import Settings
from query_api.http.content_negotiation import (
    JSON,
    NDJSON,
    NotAcceptable,
    encoding_of,
    media_type_of,
)
from tests.query_api.recorded import (
    NOW_MS,
    RECORDINGS,
    Event,
    Lakeful,
    Session,
    in_order,
    moves,
    page,
    recording,
)
from tests.support.asgi import AppClient


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small frames, so that a small session has several."""
    return replace(settings, frame_bytes_min=20_000, frame_bytes_max=60_000)


class Raw(NamedTuple):
    """An answer as it came over the wire."""

    status: int
    headers: httpx.Headers
    body: bytes


def get_raw(client: AppClient, url: str, headers: dict[str, str]) -> Raw:
    """GET without decoding."""

    async def get() -> Raw:
        transport = httpx.ASGITransport(client.app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://app.test") as http,
            http.stream("GET", url, headers=headers) as answer,
        ):
            body = b"".join([block async for block in answer.aiter_raw()])
            return Raw(answer.status_code, answer.headers, body)

    return client.run(get())


def events_of(body: bytes) -> list[Event]:
    assert body == b"" or body.endswith(b"\n")
    return [json.loads(line) for line in body.split(b"\n")[:-1]]


def unzstd(body: bytes) -> bytes:
    """As browsers do: frame after frame, windows up to 8 MB."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 23)
    reader = decompressor.stream_reader(io.BytesIO(body), read_across_frames=True)
    return reader.read()


def replayed(client: AppClient, lakeful: Lakeful, session: Session, **params: Any) -> list[Event]:
    """The events of an answer, their count checked."""
    url = f"/api/replay/{session.session_id}"
    answer = client.get(url, params=params, headers=lakeful.headers())
    assert answer.status_code == 200, answer.text
    events = events_of(answer.content)
    assert int(answer.headers["x-event-count"]) == len(events)
    return events


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.also_on_s3
def test_a_replay_is_equal_before_during_and_after_compaction(
    client: AppClient, lakeful: Lakeful, name: str
) -> None:
    events = list(recording(name))
    session = lakeful.session()
    chunks = session.chunks(events)
    lakeful.append(chunks[::2])
    lakeful.append(chunks[1::2])
    assert replayed(client, lakeful, session) == events
    lakeful.compact(session.day)
    assert replayed(client, lakeful, session) == events

    late = lakeful.session()
    chunks = late.chunks(events)
    lakeful.append(chunks[1::2])
    lakeful.compact(late.day)
    lakeful.append(chunks[::2])
    assert replayed(client, lakeful, late) == events
    lakeful.compact(late.day)
    assert replayed(client, lakeful, late) == events


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("identity", None),
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("br", None),
    ],
)
def test_any_client_decodes_the_same_lines(
    client: AppClient,
    lakeful: Lakeful,
    accepted: str,
    encoding: str | None,
    is_compacted: bool,
) -> None:
    events = list(recording(RECORDINGS[0]))
    session = lakeful.record(events)
    if is_compacted:
        lakeful.compact(session.day)
    url = f"/api/replay/{session.session_id}"
    headers = lakeful.headers() | {"accept-encoding": accepted}

    answer = get_raw(client, url, headers)
    array = get_raw(client, url, headers | {"accept": "application/json"})

    decoders: dict[str | None, Callable[[bytes], bytes]] = {
        "zstd": unzstd,
        "gzip": _one_member,
        None: bytes,
    }
    decode = decoders[encoding]
    assert answer.headers.get("content-encoding") == encoding
    assert array.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert array.headers["content-type"] == "application/json"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert events_of(decode(answer.body)) == events
    assert json.loads(decode(array.body)) == events


def _one_member(body: bytes) -> bytes:
    inflater = zlib.decompressobj(31)
    text = inflater.decompress(body)
    assert inflater.eof
    assert not inflater.unused_data
    assert text == gzip.decompress(body)
    return text


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("*", "zstd"),
        ("*;q=0, gzip", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("gzip;q=0.2, zstd;q=0.1", "gzip"),
        ("ZSTD", "zstd"),
        ("gzip;q=x", "identity"),
        ("gzip;q=2", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("zstd" * 10_000, "identity"),
        (", ,;q=1,;;", "identity"),
    ],
)
def test_the_encoding_is_what_the_client_likes_best(header: str | None, encoding: str) -> None:
    assert encoding_of(header) == encoding


@pytest.mark.parametrize("header", ["identity;q=0", "*;q=0", "br, identity;q=0"])
def test_a_client_that_takes_nothing_gets_a_406(
    client: AppClient, lakeful: Lakeful, header: str
) -> None:
    with pytest.raises(NotAcceptable):
        encoding_of(header)
    session = lakeful.record(page(NOW_MS))
    headers = lakeful.headers() | {"accept-encoding": header}
    answer = client.get(f"/api/replay/{session.session_id}", headers=headers)

    assert (answer.status_code, answer.json()["kind"]) == (406, "not-acceptable")


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        (None, NDJSON),
        ("*/*", NDJSON),
        ("application/json", JSON),
        ("application/json, text/plain, */*", JSON),
        ("application/x-ndjson, application/json", NDJSON),
        ("application/json;q=0.5, application/x-ndjson", NDJSON),
        ("application/json;q=0.5, */*", NDJSON),
        ("application/json;q=0", NDJSON),
        ("text/html", NDJSON),
    ],
)
def test_one_array_only_for_who_asks_for_it(header: str | None, media_type: str) -> None:
    assert media_type_of(header) == media_type


@pytest.mark.parametrize("state", ["waiting", "compacted", "late"])
@pytest.mark.also_on_s3
def test_a_window_begins_with_the_last_snapshot_before_it(
    client: AppClient, lakeful: Lakeful, state: str
) -> None:
    """From the Meta of the last full snapshot at or before `from_ms` to the last event at `to_ms`.

    Windows begin and end inside of some frames and hold others whole.
    """
    start = NOW_MS - 600_000
    events: list[Event] = []
    for number in range(6):
        at_ms = start + number * 10_000
        events += page(at_ms, text="x" * 15_000)
        events += moves(at_ms + 100, 40, every_ms=200)
    session = lakeful.session(began_ms=start)
    chunks = session.chunks(events, size=13)
    if state == "late":
        lakeful.append([*chunks[:9], *chunks[12:]])
        lakeful.compact(session.day)
        lakeful.append(chunks[9:12])
    else:
        lakeful.append(chunks)
    if state == "compacted":
        lakeful.compact(session.day)

    for from_ms, to_ms in (
        (0, 0), (0, 1), (1, 1), (9_999, 10_000), (10_001, 12_345), (25_000, 25_000),
        (30_000, 60_000), (59_999, None), (10**9, None), (None, 15_000), (None, 10**9),
        (20_000, 10_000), (12.5, 20_000.5),
    ):  # fmt: skip
        params = {"from_ms": from_ms, "to_ms": to_ms}
        given = {name: value for name, value in params.items() if value is not None}
        window = replayed(client, lakeful, session, **given)

        assert window == in_window([(e, "") for e in events], start, from_ms, to_ms), params


def in_window(
    events: list[tuple[Event, str]], start: float, from_ms: float | None, to_ms: float | None
) -> list[Event]:
    """Events with their pages: from the Meta of the last snapshot's own page."""
    first = 0
    metas: dict[str, int] = {}
    for place, (event, page_id) in enumerate(events):
        if from_ms is not None and event["timestamp"] <= start + from_ms:
            if event["type"] == 4:
                metas[page_id] = place
            if event["type"] == 2:
                first = metas[page_id]
    return [e for e, _ in events[first:] if to_ms is None or e["timestamp"] <= start + to_ms]


offsets = st.one_of(st.none(), st.integers(0, 9_000))


@given(
    early=st.sets(st.integers(0, 19)),
    windows=st.lists(st.tuples(offsets, offsets), min_size=3, max_size=3),
    seed=st.integers(0, 5),
)
@example(  # a frame ends between the Metas of two pages and their snapshots
    early={0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 14, 17, 18, 19}, windows=[(8_001, None)], seed=0
)
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.slow
def test_any_chunks_may_wait_and_any_window_is_the_same(
    lakeful: Lakeful,
    early: set[int],
    windows: list[tuple[int | None, int | None]],
    seed: int,
) -> None:
    """Two tabs at once, with equal times; `early` chunks are in the file, the others wait."""
    chance = random.Random(seed)
    start = NOW_MS - 600_000
    session = lakeful.session(began_ms=start)
    sent: list[tuple[Event, str]] = []
    chunks = []
    for _ in range(2):
        page_id = session.new_page()
        events: list[Event] = []
        for at_ms in range(start, start + 10_000, 2_000):
            events += page(at_ms, text="x" * 15_000)
            events += moves(at_ms + 1, 8, every_ms=chance.choice((0, 0.25, 249)))
        sent += [(event, page_id) for event in events]
        chunks += session.chunks(events, page_id=page_id, size=5)
    sent.sort(key=lambda item: (item[0]["timestamp"], item[1]))
    if early:
        lakeful.append([chunk for number, chunk in enumerate(chunks) if number in early])
        lakeful.compact(session.day)
    if len(early) < len(chunks):
        lakeful.append([chunk for number, chunk in enumerate(chunks) if number not in early])
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)

    for from_ms, to_ms in [(None, None), *windows]:
        for chosen_page in (None, *session.page_seqs):
            answer = replay(lake, lakeful.website, session.session_id,
                           from_ms=from_ms, to_ms=to_ms, page_id=chosen_page)  # fmt: skip
            wanted = [item for item in sent if chosen_page in (None, item[1])]
            got = events_of(b"".join(piece.text() for piece in answer.pieces))
            assert got == in_window(wanted, start, from_ms, to_ms)
            assert answer.event_count == len(got)


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.also_on_s3
def test_one_pages_events_can_be_had_alone(
    client: AppClient, lakeful: Lakeful, is_compacted: bool
) -> None:
    start = NOW_MS - 600_000
    session = lakeful.session(began_ms=start)
    tabs = {}
    chunks = []
    for offset in (0, 7):  # two tabs at once
        page_id = session.new_page()
        tabs[page_id] = [
            *page(start + offset, f"https://shop.example/{offset}"),
            *moves(start + 50 + offset, 30),
        ]
        chunks += session.chunks(tabs[page_id], page_id=page_id, size=5)
    lakeful.append(chunks)
    if is_compacted:
        lakeful.compact(session.day)

    assert replayed(client, lakeful, session) == in_order(
        event for events in tabs.values() for event in events
    )
    for page_id, events in tabs.items():
        assert replayed(client, lakeful, session, page=page_id) == events
        window = replayed(client, lakeful, session, page=page_id, from_ms=1000, to_ms=2000)
        assert window == [e for e in events if e["timestamp"] <= start + 2000]
    missing = client.get(
        f"/api/replay/{session.session_id}", params={"page": "x"}, headers=lakeful.headers()
    )
    assert missing.status_code == 404


@pytest.mark.parametrize(
    "params",
    [{"from_ms": "-1"}, {"to_ms": "NaN"}, {"from_ms": "inf"}, {"from_ms": "1e999"}, {"foo": "1"},
     {"page": "x" * 65}, {"to_ms": ""}],
)  # fmt: skip
def test_a_wrong_part_is_refused(
    client: AppClient, lakeful: Lakeful, params: dict[str, str]
) -> None:
    """Fault 34."""
    session = lakeful.record(page(NOW_MS))
    url = f"/api/replay/{session.session_id}"
    answer = client.get(url, params=params, headers=lakeful.headers())

    assert (answer.status_code, answer.json()["parameter"]) == (400, next(iter(params)))


@pytest.mark.also_on_s3
def test_what_a_client_has_is_not_sent_again_until_it_changes(
    client: AppClient, lakeful: Lakeful
) -> None:
    events = [*page(NOW_MS), *moves(NOW_MS + 10, 50)]
    session = lakeful.session()
    chunks = session.chunks(events, size=10)
    url = f"/api/replay/{session.session_id}"
    headers = lakeful.headers()
    lakeful.append(chunks[:3])
    assert "etag" not in client.get(url, headers=headers).headers  # chunks wait
    lakeful.compact(session.day)
    first = client.get(url, headers=headers)
    tag = first.headers["etag"]

    for etags in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = client.get(url, headers=headers | {"if-none-match": etags})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["vary"] == first.headers["vary"]
    for other in (
        {"accept-encoding": "identity"},
        {"accept": "application/json"},
    ):
        assert client.get(url, headers=headers | other | {"if-none-match": tag}).status_code == 200
    part = client.get(url, params={"to_ms": 100}, headers=headers | {"if-none-match": tag})
    assert part.status_code == 200
    lakeful.append(chunks[3:])
    changed = client.get(url, headers=headers | {"if-none-match": tag})
    assert events_of(changed.content) == events
    lakeful.compact(session.day)
    changed = client.get(url, headers=headers | {"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    strange = lakeful.headers(lakeful.new_website()) | {"if-none-match": "*"}
    assert client.get(url, headers=strange).status_code == 404


@pytest.mark.parametrize(
    "asked", ["bytes=0-0", "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 2000, 2)), "x"]
)
@pytest.mark.attack(47)
def test_ranges_make_no_more_work_than_one_answer(
    client: AppClient, lakeful: Lakeful, asked: str
) -> None:
    """Attack 47."""
    session = lakeful.record([*page(NOW_MS), *moves(NOW_MS, 100)])
    lakeful.compact(session.day)
    url = f"/api/replay/{session.session_id}"
    whole = client.get(url, headers=lakeful.headers())
    ranged = client.get(url, headers=lakeful.headers() | {"range": asked})

    assert (ranged.status_code, ranged.content) == (200, whole.content)
    assert ranged.headers["accept-ranges"] == "none"


@pytest.mark.parametrize(
    "text",
    ["é\u2028\u2029", "\x85\x0b\x0c\x1c", "a\r\nb", "\ud83d\ude00", "\u202e", "\0", "</script>"],
)
def test_events_come_out_equal_whatever_text_is_in_them(
    client: AppClient, lakeful: Lakeful, text: str
) -> None:
    events = [*page(NOW_MS, text=text), *moves(NOW_MS + 10, 3)]
    session = lakeful.session()
    page_id = session.new_page()
    raw = json.dumps(events, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    if "\ud83d" in text:
        raw = json.dumps(events).encode()
    lakeful.append([session.chunk(raw, page_id, 0)])
    for _ in range(2):
        assert replayed(client, lakeful, session) == json.loads(json.dumps(events))
        lakeful.compact(session.day)


@pytest.mark.parametrize(
    "session_id",
    [
        "x",
        "%00",
        "..%2F..%2Fx",
        "0" * 300,
        "01a1ee56-5e00-7be4-972c-9816fcdafaf7",
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
    ],
)
def test_ids_of_any_form_are_just_missing(
    client: AppClient, lakeful: Lakeful, session_id: str
) -> None:
    for url in (
        f"/api/replay/{session_id}",
        f"/api/websites/{lakeful.website.website_id}/sessions/{session_id}",
    ):
        assert client.get(url, headers=lakeful.headers()).status_code == 404
