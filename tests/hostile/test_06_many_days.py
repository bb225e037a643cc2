"""Session ids that carry the times of many days cost the sender, and nobody else."""

import time
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path

import httpx
import pytest

from ingest_api.app import create_app
from lake.compaction.day import compact_day
from lake.raw import segment_writer
from lake.raw.chunk_codec import read_chunk
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store, open_store
from lake.timestamps import utc_day
from tests.conftest import eventually
from tests.hostile.flood import flooding, post
from tests.hostile.honest_visitor import compare, upload
from tests.ingest_api.recording import (
    NOW_MS,
    ORIGIN,
    Recorder,
    chunk,
    counted,
    metric,
    plain,
    recording_website,
    stored,
    zipped,
)
from tests.s3.endpoint import Fault, S3Endpoint
from tests.support.asgi import AppClient
from tests.support.processes import serving

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HALF_A_YEAR_S = 180 * 24 * 3600


def send(client: AppClient, recorder: Recorder, seq: int = 0) -> httpx.Response:
    return client.post(
        "/v1/chunks", params=recorder.params(seq), content=chunk(seq), headers=plain()
    )


def test_sessions_older_than_any_recorder_holds_back_get_400(
    settings: Settings, store: Store
) -> None:
    website_id = recording_website(store).website_id
    ages_ms = [0, 96 * HOUR_MS, 96 * HOUR_MS + 1, 30 * DAY_MS]
    with AppClient(create_app(settings, store, clock=lambda: NOW_MS)) as client:
        answers = [send(client, Recorder(website_id, NOW_MS - age)) for age in ages_ms]
        text = client.get("/metrics").text

    assert [answer.status_code for answer in answers] == [202, 202, 400, 400]
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert answers[2].json()["kind"] == "session-too-old"
    assert answers[2].headers["access-control-allow-origin"] == ORIGIN  # the page must see it
    assert "replaylake import" in answers[2].json()["detail"]
    assert len(stored(store)) == 2
    assert counted(text, website_id)["rejected"] == 2


def test_one_commit_of_many_days_writes_few_objects(settings: Settings, store: Store) -> None:
    """Even where the operator lets old sessions in."""
    lenient = replace(settings, session_past_s=HALF_A_YEAR_S, ingest_linger_ms=500)
    website_id = recording_website(store).website_id
    many = [Recorder(website_id, NOW_MS - age * DAY_MS) for age in range(2, 42)]

    with AppClient(create_app(lenient, store, clock=lambda: NOW_MS)) as client:
        sent = [client.start(client.http.post(
            "/v1/chunks", params=recorder.params(), content=chunk(), headers=plain()
        )) for recorder in many]  # fmt: skip
        answers = [future.result() for future in sent]
        text = client.get("/metrics").text

    assert {answer.status_code for answer in answers} == {202}
    assert len(stored(store)) == metric(text, "replaylake_segments_total") == 40
    assert metric(text, "replaylake_commit_seconds_count") >= 5


@pytest.mark.s3
def test_todays_chunks_are_stored_while_old_days_writes_hang(s3: S3Endpoint) -> None:
    settings = s3.settings(session_past_s=HALF_A_YEAR_S)
    store = open_store(settings)
    website_id = recording_website(store).website_id
    hanging = s3.faults.add(
        Fault(kind="late-answer", method="PUT", match="date=2026-10", times=inf, delay_s=5)
    )
    with AppClient(create_app(settings, store, clock=lambda: NOW_MS)) as client:
        old = [Recorder(website_id, NOW_MS - age * DAY_MS) for age in range(20, 28)]
        sent = [client.start(client.http.post(
            "/v1/chunks", params=recorder.params(), content=chunk(), headers=plain()
        )) for recorder in old]  # fmt: skip
        eventually(lambda: hanging.hits > 0)
        answers = [send(client, Recorder(website_id, NOW_MS), seq) for seq in range(3)]
        unanswered = [future for future in sent if not future.done()]
        s3.faults.clear()

        assert [answer.status_code for answer in answers] == [202] * 3
        assert unanswered
        assert {future.result().status_code for future in sent} == {202}


@pytest.mark.s3
def test_compaction_reads_tiny_segments_in_parallel(s3: S3Endpoint) -> None:
    count = 24
    settings = s3.settings()
    store = open_store(settings)
    website_id = recording_website(store).website_id
    raw = chunk()
    for recorder in [Recorder(website_id, NOW_MS) for _ in range(count)]:
        facts = read_chunk(raw, page_id=recorder.page_id, seq=0)
        client = Client(visitor_id="0" * 32)
        received_chunk = ReceivedChunk(
            website_id, recorder.session_id, facts, client, NOW_MS * 1000, "", raw, len(raw)
        )
        segment_writer.append(store, [received_chunk], now_ms=NOW_MS)
    late = Fault(kind="late-answer", method="GET", match="/raw/", times=count, delay_s=0.2)
    columns = s3.faults.add(late)
    payloads = s3.faults.add(replace(late))

    compact_day(store, settings, utc_day(NOW_MS), now_ms=NOW_MS + DAY_MS)

    assert columns.hits == payloads.hits == count
    assert min(columns.most_open, payloads.most_open) >= 4


@pytest.mark.also_on_s3
@pytest.mark.long
@pytest.mark.parametrize("past_s", [Settings().session_past_s, HALF_A_YEAR_S])
def test_sender_of_many_days_does_not_delay_an_honest_visitor(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path, past_s: int
) -> None:
    """On a folder, and on a store that takes 50 ms for each call."""
    settings = replace(settings, session_past_s=past_s)
    store = open_store(settings)
    honest, hostile = (recording_website(store).website_id for _ in range(2))
    if settings.lake.startswith("s3:"):
        s3: S3Endpoint = request.getfixturevalue("s3")
        s3.faults.add(Fault(kind="late-answer", times=inf, delay_s=0.05))
    now_ms = time.time_ns() // 1_000_000
    many = [Recorder(hostile, now_ms - (seq % 59) * DAY_MS) for seq in range(2000)]
    requests = [post(recorder.params(seq), zipped(chunk(seq))) for seq, recorder in enumerate(many)]

    with serving(settings, tmp_path / "log") as server:

        def received() -> bool:
            text = httpx.get(f"{server.url}/metrics").text
            return counted(text, hostile)["received"] > 50

        measured = compare(
            partial(upload, server.port, honest),
            lambda: flooding(server.port, requests, per_s=100, has_begun=received),
        )

    assert measured.p99_ratio <= 3, measured
    assert set(measured.beside.statuses) == {202}, measured
