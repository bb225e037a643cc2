"""Many chunks share one write, whichever comes first: a moment passed, or enough bytes."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from ingest_api import dedup
from ingest_api.app import create_app
from ingest_api.group_commit import GroupCommit
from ingest_api.metrics import IngestMetrics
from lake.raw import chunk_codec
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.conftest import Clock
from tests.ingest_api.recording import Recorder, chunk, headers, metric, stored, stored_once, zipped
from tests.support.asgi import AppClient

pytestmark = pytest.mark.also_on_s3

DAY_MS = 86_400_000


async def send(client: AppClient, recorder: Recorder, seqs: range) -> list[httpx.Response]:
    return await asyncio.gather(
        *(
            client.http.post(
                "/v1/chunks",
                params=recorder.params(seq),
                content=zipped(chunk(seq)),
                headers=headers(),
            )
            for seq in seqs
        )
    )


def test_chunks_that_come_together_are_written_together(
    settings: Settings, store: Store, clock: Clock, recorder: Recorder
) -> None:
    patient = replace(settings, ingest_linger_ms=500)
    with AppClient(create_app(patient, store, clock=clock)) as client:
        answers = client.run(send(client, recorder, range(50)))
        text = client.get("/metrics").text

    assert [answer.json() for answer in answers] == [{"stored": True}] * 50
    assert metric(text, "replaylake_segments_total") == 1
    assert metric(text, "replaylake_commit_seconds_count") == 1
    assert len(stored(store)) == 50


def test_enough_bytes_are_written_at_once(
    settings: Settings, store: Store, clock: Clock, recorder: Recorder
) -> None:
    endless = replace(settings, ingest_linger_ms=3_600_000, segment_bytes_max=1)
    with AppClient(create_app(endless, store, clock=clock)) as client:
        answers = client.run(send(client, recorder, range(5)))

    assert [answer.status_code for answer in answers] == [202] * 5
    assert len(stored_once(store)) == 5


def test_a_commit_that_is_closed_has_written_what_waited(
    settings: Settings, store: Store, clock: Clock, recorder: Recorder
) -> None:
    endless = replace(settings, ingest_linger_ms=3_600_000)
    facts = chunk_codec.read_chunk(chunk(), page_id=recorder.page_id, seq=0)
    received_chunk = ReceivedChunk(
        recorder.website_id, recorder.session_id, facts, Client(), 0, "", chunk(), len(chunk())
    )

    async def join_and_close() -> bool:
        commit = GroupCommit(store, endless, clock, IngestMetrics())
        joined = commit.join(received_chunk)
        await commit.close()
        return joined.done()

    assert asyncio.run(join_and_close())
    assert stored(store) == [received_chunk]


def test_sessions_of_two_days_go_to_two_segments_and_one_answer(
    settings: Settings, store: Store, clock: Clock, recorder: Recorder
) -> None:
    patient = replace(settings, ingest_linger_ms=500)
    yesterday = Recorder(recorder.website_id, recorder.began_ms - DAY_MS)

    async def both(client: AppClient) -> list[list[httpx.Response]]:
        return await asyncio.gather(
            *(send(client, sender, range(2)) for sender in (recorder, yesterday))
        )

    with AppClient(create_app(patient, store, clock=clock)) as client:
        client.run(both(client))
        text = client.get("/metrics").text

    assert metric(text, "replaylake_segments_total") == 2
    assert metric(text, "replaylake_commit_seconds_count") == 1
    assert len({item.key[:20] for item in store.list("raw/")}) == 2


def test_chunks_that_the_deduplicator_forgot_are_stored_twice(
    settings: Settings,
    store: Store,
    clock: Clock,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dedup, "_ACKNOWLEDGED_MAX", 2)
    with AppClient(create_app(settings, store, clock=clock)) as client:
        for seq in (0, 1, 2, 0, 1, 2):
            assert client.run(send(client, recorder, range(seq, seq + 1)))[0].status_code == 202

    # Each was forgotten before its repetition, which is harmless: it has the same identity.
    assert len(stored(store)) == 6
    assert len(stored_once(store)) == 3
