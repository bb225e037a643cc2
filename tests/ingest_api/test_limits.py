"""One website cannot take the server from the others, and alone it may have all of it."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from prometheus_client import Gauge

from ingest_api.app import create_app
from ingest_api.fair_share import FairShares, LoopDelay, WebsiteLimits
from lake.control.websites import Website
from lake.errors import TooManyRequests
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.conftest import Clock
from tests.ingest_api.recording import (
    ORIGIN,
    Recorder,
    assert_all_accounted_for,
    chunk,
    counted,
    metric,
    plain,
    recording_website,
    stored,
)
from tests.support.asgi import AppClient

KB = 1024


def test_only_who_gets_more_than_the_others_is_over_its_share() -> None:
    shares = FairShares()
    for _ in range(400):
        shares.add("noisy", 18 * KB, 10.0)
    assert not shares.is_over("noisy", 10.0)  # alone
    shares.add("quiet", 18 * KB, 10.1)

    assert shares.is_over("noisy", 10.2)
    assert shares.is_over("noisy", 11.5)
    assert not shares.is_over("quiet", 10.2)
    assert not shares.is_over("noisy", 13.0)  # what is past is forgotten
    assert not shares.is_over("unheard of", 10.2)


def test_websites_that_send_alike_are_none_over_its_share() -> None:
    shares = FairShares()
    for number in range(1000):
        for name in "abcde":
            shares.add(name, 17 * KB + number % 7 * KB, number / 1000)

    assert not any(shares.is_over(name, 1.0) for name in "abcde")


@pytest.mark.parametrize(("late_s", "waiting_bytes"), [(1.0, 0), (0.0, 9 << 20)])
def test_shares_count_under_pressure_alone(late_s: float, waiting_bytes: int) -> None:
    async def admitted() -> list[bool]:
        return [
            passes(late_s, waiting_bytes, "noisy"),
            passes(late_s, waiting_bytes, "quiet"),
            passes(0.0, 0, "noisy"),
        ]

    with AppClient(create_app(Settings(lake="/nonexistent"))) as client:
        assert client.run(admitted()) == [False, True, True]


def passes(late_s: float, waiting_bytes: int, website_id: str) -> bool:
    loop_delay = LoopDelay(Gauge("late", "", registry=None))
    loop_delay.seconds = late_s
    limits = WebsiteLimits(
        Settings(), waiting_bytes=lambda: waiting_bytes, loop_delay=loop_delay, clock_s=lambda: 10.0
    )
    for _ in range(200):
        limits.record("noisy", 18 * KB)
    limits.record("quiet", 18 * KB)
    try:
        limits.admit(website_id)
    except TooManyRequests:
        return False
    finally:
        limits.close()
    return True


def test_a_website_over_its_rate_gets_429_and_another_is_served(
    settings: Settings, store: Store, clock: Clock, website: Website
) -> None:
    """429 comes before the body is read, with a Retry-After that CORS exposes, and is counted."""
    noisy, quiet = Recorder(website.website_id), Recorder(recording_website(store).website_id)
    slow = replace(settings, ingest_website_chunks_per_s=1)
    with AppClient(create_app(slow, store, clock=clock, clock_s=lambda: 0.0)) as client:
        answers = [post(client, noisy, seq) for seq in range(30)]
        other = post(client, quiet, 0)
        text = client.get("/metrics").text
    refused = [answer for answer in answers if answer.status_code != 202]

    assert other.status_code == 202
    assert len(refused) >= 20
    for answer in refused:
        assert (answer.status_code, answer.json()["kind"]) == (429, "too-many-requests")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "retry-after" in answer.headers["access-control-expose-headers"]
    assert_all_accounted_for(text)
    assert counted(text, noisy.website_id) == {
        "received": 30,
        "stored": 30 - len(refused),
        "limited": len(refused),
    }
    body_bytes = sum(
        len(chunk(seq)) for seq, answer in enumerate(answers) if answer.status_code == 202
    )
    assert metric(text, "replaylake_chunk_bytes_total") == body_bytes + len(chunk())
    assert len(stored(store)) == 30 - len(refused) + 1


def test_a_flood_of_one_website_leaves_room_for_another(
    settings: Settings, store: Store, clock: Clock, website: Website
) -> None:
    """The server is under pressure because bodies wait for a slow commit."""
    noisy, quiet = Recorder(website.website_id), Recorder(recording_website(store).website_id)
    small = replace(
        settings,
        ingest_waiting_bytes_max=6 << 20,
        ingest_linger_ms=1000,
        segment_bytes_max=64 << 20,
    )
    body = chunk(text="x" * 200_000)

    async def send(client: AppClient, recorder: Recorder, seq: int) -> int:
        answer = await client.http.post(
            "/v1/chunks", params=recorder.params(seq), content=body, headers=plain()
        )
        return answer.status_code

    async def send_all(client: AppClient) -> tuple[list[int], list[int]]:
        first = await send(client, quiet, 0)  # it is known: who is alone may take all room
        flood = [asyncio.create_task(send(client, noisy, seq)) for seq in range(60)]
        await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        later = [asyncio.create_task(send(client, quiet, seq)) for seq in range(1, 4)]
        return [await item for item in flood], [first, *[await item for item in later]]

    with AppClient(create_app(small, store, clock=clock)) as client:
        floods, quiets = client.run(send_all(client))
        text = client.get("/metrics").text

    assert quiets == [202] * 4
    assert set(floods) == {202, 429}
    assert counted(text, noisy.website_id)["limited"] == floods.count(429)
    assert_all_accounted_for(text)


def post(client: AppClient, recorder: Recorder, seq: int) -> httpx.Response:
    return client.post(
        "/v1/chunks", params=recorder.params(seq), content=chunk(seq), headers=plain()
    )


def test_the_page_of_the_api_describes_429(client: AppClient) -> None:
    responses = client.get("/openapi.json").json()["paths"]["/v1/chunks"]["post"]["responses"]

    assert "Retry-After" in responses["429"]["description"]
