"""One upload and its answer, by the rules of `POST /v1/chunks`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest_api.app import create_app
from lake.control import websites
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.conftest import Clock
from tests.ingest_api.recording import (
    NOW_MS,
    ORIGIN,
    Recorder,
    chunk,
    counted,
    headers,
    metric,
    plain,
    recording_website,
    stored,
    stored_once,
    zipped,
)
from tests.support.asgi import AppClient

DAY_MS = 86_400_000


@pytest.mark.also_on_s3
def test_an_acknowledged_chunk_lies_in_the_lake_as_it_was_sent(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    body = zipped(chunk())
    answer = client.post("/v1/chunks", params=recorder.params(), content=body, headers=headers())

    assert (answer.status_code, answer.json()) == (202, {"stored": True})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    (received_chunk,) = stored(store)
    assert received_chunk.identity == recorder.identity(0)
    assert (received_chunk.payload, received_chunk.encoding) == (body, "gzip")
    assert received_chunk.received_at == NOW_MS * 1000
    assert (received_chunk.facts.event_count, received_chunk.facts.click_count) == (2, 1)
    assert received_chunk.facts.views[0].url == "https://shop.example/0?token=***"
    assert (received_chunk.client.browser_name, received_chunk.client.device_type) == (
        "Firefox",
        "desktop",
    )
    assert len(received_chunk.client.visitor_id) == 32


@pytest.mark.parametrize("encoding", [None, "", "identity"])
def test_a_plain_chunk_is_taken_too(
    client: AppClient, store: Store, recorder: Recorder, encoding: str | None
) -> None:
    answer = client.post(
        "/v1/chunks",
        params=recorder.params(),
        content=chunk(),
        headers=headers(content_encoding=encoding),
    )

    assert answer.status_code == 202
    assert [(a.payload, a.encoding) for a in stored(store)] == [(chunk(), "")]


def test_a_beacon_cannot_announce_its_gzip_and_need_not(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    answer = client.post(
        "/v1/chunks",
        params=recorder.params(),
        content=zipped(chunk()),
        headers=headers(content_encoding=None),
    )

    assert answer.status_code == 202
    assert [a.encoding for a in stored(store)] == ["gzip"]


@pytest.mark.fault(25)
@pytest.mark.also_on_s3
def test_a_repeated_chunk_is_acknowledged_and_not_stored_again(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Fault 25; once plain and once gzipped is the same chunk."""
    bodies = [(zipped(chunk()), "gzip"), (zipped(chunk()), "gzip"), (chunk(), None)]
    answers = [
        client.post(
            "/v1/chunks",
            params=recorder.params(),
            content=body,
            headers=headers(content_encoding=encoding),
        ).json()
        for body, encoding in bodies
    ]

    assert answers == [{"stored": True}, {"stored": False}, {"stored": False}]
    assert len(stored(store)) == 1
    assert counted(client.get("/metrics").text, recorder.website_id) == {
        "received": 3,
        "stored": 1,
        "duplicate": 2,
    }


@pytest.mark.fault(25)
@pytest.mark.also_on_s3
def test_a_repetition_that_overtakes_waits_for_the_same_commit(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Fault 25, both at once."""

    async def both() -> list[dict[str, bool]]:
        send = [
            client.http.post(
                "/v1/chunks",
                params=recorder.params(),
                content=zipped(chunk()),
                headers=headers(),
            )
            for _ in range(2)
        ]
        return [answer.json() for answer in await asyncio.gather(*send)]

    assert sorted(str(answer) for answer in client.run(both())) == [
        "{'stored': False}",
        "{'stored': True}",
    ]
    assert len(stored(store)) == 1


@pytest.mark.fault(26)
@pytest.mark.also_on_s3
def test_second_chunk_with_the_same_seq_is_stored_and_counted(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Fault 26, at ingest: which was first is known for sure only to the compactor."""
    for text in ("one", "two"):
        answer = client.post(
            "/v1/chunks",
            params=recorder.params(),
            content=zipped(chunk(text=text)),
            headers=headers(),
        )
        assert answer.json() == {"stored": True}

    assert len(stored(store)) == 2
    counts = counted(client.get("/metrics").text, recorder.website_id)
    assert (counts["stored"], counts["quarantined"]) == (1, 1)


@pytest.mark.fault(27)
def test_chunks_out_of_order_with_gaps_and_last_seq_are_stored(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Fault 27."""
    for seq in (5, 0, 2**53 - 1):
        answer = client.post(
            "/v1/chunks", params=recorder.params(seq), content=chunk(), headers=plain()
        )
        assert answer.status_code == 202

    assert sorted(a.facts.seq for a in stored(store)) == [0, 5, 2**53 - 1]


@pytest.mark.fault(31)
def test_one_session_id_in_two_websites_is_two_sessions(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Fault 31."""
    other = recording_website(store)
    for website_id in (recorder.website_id, other.website_id):
        answer = client.post(
            "/v1/chunks",
            params=recorder.params(website=website_id),
            content=chunk(),
            headers=plain(),
        )
        assert answer.json() == {"stored": True}

    assert {a.website_id for a in stored(store)} == {recorder.website_id, other.website_id}


@pytest.mark.parametrize("at", ["-315360000000", "2110360000000", "0", "1e15", "5.5"])
@pytest.mark.fault(32)
def test_a_browsers_clock_may_be_wrong_by_years(
    client: AppClient, store: Store, recorder: Recorder, at: str
) -> None:
    """Fault 32."""
    raw = b'[{"type":3,"timestamp":%s},{"type":3,"timestamp":1}]' % at.encode()
    answer = client.post("/v1/chunks", params=recorder.params(), content=raw, headers=plain())

    assert answer.status_code == 202
    (received_chunk,) = stored(store)
    assert received_chunk.facts.first_at_ms == min(1, int(float(at)))
    assert received_chunk.received_at == NOW_MS * 1000


@pytest.mark.parametrize("step_ms", [20 * 60_000, -3_600_000])
@pytest.mark.fault(33)
def test_a_jump_of_the_servers_clock_loses_nothing(
    client: AppClient, store: Store, recorder: Recorder, clock: Clock, step_ms: int
) -> None:
    """Fault 33: +20 min, −1 h, in the middle of a session."""
    for seq in range(3):
        answer = client.post(
            "/v1/chunks", params=recorder.params(seq), content=chunk(seq), headers=plain()
        )
        assert answer.json() == {"stored": True}
        clock.ms += step_ms

    assert set(stored_once(store)) == {recorder.identity(seq) for seq in range(3)}


@pytest.mark.parametrize(
    "raw",
    [
        b'[{"type":3,"timestamp":NaN}]',
        b'[{"type":3,"timestamp":Infinity}]',
        b'[{"type":3,"timestamp":1e999}]',
        b'[{"type":3,"timestamp":1,"data":NaN}]',
        b"[" * 100_000,
        b'[{"type":3,"timestamp":1,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'[{"type":3,"timestamp":1,"data":"\xff"}]',
        b"",
        b"[]",
        b"{}",
        b"\0",
    ],
)
@pytest.mark.fault(34, 35, 36)
def test_what_is_no_array_of_events_is_refused_with_a_reason(
    client: AppClient, store: Store, recorder: Recorder, raw: bytes
) -> None:
    """Faults 34, 35 and 36."""
    for body, encoding in ((raw, None), (zipped(raw), "gzip")):
        answer = client.post(
            "/v1/chunks",
            params=recorder.params(),
            content=body,
            headers=headers(content_encoding=encoding),
        )
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["kind"] == "chunk-malformed"

    assert stored(store) == []


@pytest.mark.parametrize(
    "raw",
    [
        rb'[{"type":3,"timestamp":1,"data":"\ud800 \udc00 \ud83d\ude00"}]',
        rb'[{"type":4,"timestamp":1,"data":{"href":"https://a.example/\udfff"}}]',
        b'\xef\xbb\xbf[{"type":3,"timestamp":1,"data":"\\u0000"}]',
    ],
)
@pytest.mark.fault(35)
def test_what_browsers_really_write_is_taken_as_it_is(
    client: AppClient, store: Store, recorder: Recorder, raw: bytes
) -> None:
    """Fault 35: lone surrogates, NUL, BOM."""
    answer = client.post("/v1/chunks", params=recorder.params(), content=raw, headers=plain())

    assert answer.status_code == 202
    assert [a.payload for a in stored(store)] == [raw]


@pytest.mark.fault(29)
def test_session_past_its_plans_retention_is_refused_with_410(
    settings: Settings, clock: Clock, store: Store, recorder: Recorder
) -> None:
    """Fault 29."""
    began_ms = int(datetime(2026, 11, 16, tzinfo=UTC).timestamp() * 1000)
    two_days = replace(settings, plan_days="pro=2")
    with AppClient(create_app(two_days, store, clock=clock)) as client:
        answers = [
            client.post(
                "/v1/chunks",
                params=Recorder(recorder.website_id, at_ms).params(),
                content=chunk(),
                headers=plain(),
            )
            for at_ms in (began_ms, began_ms - 1)
        ]
        text = client.get("/metrics").text

    assert [answer.status_code for answer in answers] == [202, 410]
    assert answers[1].json()["kind"] == "session-expired"
    assert len(stored(store)) == 1
    assert counted(text, recorder.website_id)["expired"] == 1


def test_a_session_from_the_far_future_is_refused(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    answers = [
        client.post(
            "/v1/chunks",
            params=Recorder(recorder.website_id, at_ms).params(),
            content=chunk(),
            headers=plain(),
        )
        for at_ms in (NOW_MS + DAY_MS, NOW_MS + DAY_MS + 1, 100 * NOW_MS)
    ]

    assert [answer.status_code for answer in answers] == [202, 400, 400]
    assert answers[2].json()["kind"] == "session-in-future"


@pytest.mark.parametrize("setting", [{"enable_session_replay": False}, {"plan": "free"}])
def test_what_a_website_does_not_record_is_not_wanted(
    client: AppClient, store: Store, recorder: Recorder, setting: dict[str, object]
) -> None:
    websites.change(store, recorder.website_id, setting)
    answer = client.post("/v1/chunks", params=recorder.params(), content=chunk(), headers=plain())

    assert (answer.status_code, answer.content) == (204, b"")
    assert stored(store) == []
    assert counted(client.get("/metrics").text, recorder.website_id)["unwanted"] == 1


def test_a_visitor_who_asks_for_privacy_is_not_recorded(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    answer = client.post(
        "/v1/chunks",
        params=recorder.params(),
        content=chunk(),
        headers=plain(sec_gpc="1"),
    )

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert stored(store) == []
    assert counted(client.get("/metrics").text, recorder.website_id)["unwanted"] == 1


@pytest.mark.also_on_s3
def test_an_unknown_website_is_404(client: AppClient, store: Store, recorder: Recorder) -> None:
    answer = client.post(
        "/v1/chunks", params=recorder.params(website="w_no"), content=chunk(), headers=plain()
    )

    assert (answer.status_code, answer.json()["kind"]) == (404, "website-missing")
    assert counted(client.get("/metrics").text, "unknown")["rejected"] == 1
    assert counted(client.get("/metrics").text, "w_no") == {}


@pytest.mark.also_on_s3
def test_a_large_chunk_is_taken_and_a_larger_one_told_the_limit(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    large = chunk(text="x" * 3_000_000)
    first = client.post("/v1/chunks", params=recorder.params(), content=large, headers=plain())
    second = client.post(
        "/v1/chunks", params=recorder.params(1), content=bytes(5_000_000), headers=plain()
    )

    assert first.status_code == 202
    assert [a.payload for a in stored(store)] == [large]
    assert second.status_code == 413
    assert second.json()["limit_bytes"] == 4 * 1024 * 1024
    assert second.headers["connection"] == "close"


def test_bytes_are_counted(client: AppClient, recorder: Recorder) -> None:
    body = zipped(chunk())
    client.post("/v1/chunks", params=recorder.params(), content=body, headers=headers())
    text = client.get("/metrics").text

    assert metric(text, "replaylake_chunk_bytes_total") == len(body)
    assert metric(text, "replaylake_segment_bytes_total") == len(body)
    assert metric(text, "replaylake_segments_total") == 1
    assert metric(text, "replaylake_waiting_bytes") == 0
    assert metric(text, "replaylake_answer_seconds_count") == 1
