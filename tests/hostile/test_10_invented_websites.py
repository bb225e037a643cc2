"""Ids that no website has cost who asks for them; websites that exist are served as before."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from math import inf
from pathlib import Path

import httpx
import pytest

from ingest_api.app import create_app
from ingest_api.fair_share import BURST_S
from lake.control import api_keys, cache
from lake.control.cache import ControlCache
from lake.errors import StoreUnavailable
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.conftest import eventually
from tests.hostile.flood import flooding, get
from tests.hostile.honest_visitor import compare, upload
from tests.ingest_api.recording import NOW_MS, ORIGIN, Recorder, chunk, plain, recording_website
from tests.s3.endpoint import Fault, S3Endpoint
from tests.support.asgi import AppClient
from tests.support.processes import serving

PROXY = "192.0.2.1"  # where AppClient's requests come from


def app(settings: Settings, store: Store) -> AppClient:
    return AppClient(
        create_app(settings, store, clock=lambda: NOW_MS, clock_s=lambda: 0.0), address=PROXY
    )


def config(client: AppClient, website_id: str, address: str = "203.0.113.1") -> httpx.Response:
    return client.get(f"/v1/config/{website_id}", headers={"x-forwarded-for": address})


def send(client: AppClient, website_id: str) -> httpx.Response:
    params = Recorder(website_id, NOW_MS).params()
    return client.post("/v1/chunks", params=params, content=chunk(), headers=plain())


def test_invented_ids_of_one_address_get_429_on_every_route(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "lake"), trusted_proxies=PROXY, ingest_misses_per_s=1)
    store = open_store(settings)
    website_id = recording_website(store).website_id
    burst = int(BURST_S)
    with app(settings, store) as client:
        answers = [config(client, f"w_invented{i}") for i in range(burst + 3)]
        repeated = config(client, "w_invented0")
        forwarded = {"origin": ORIGIN, "x-forwarded-for": "203.0.113.1"}
        params = Recorder("w_another", NOW_MS).params()
        preflight = client.request("OPTIONS", "/v1/chunks", params=params, headers=forwarded)
        posted = client.post("/v1/chunks", params=params, content=chunk(), headers=forwarded)
        elsewhere = config(client, "w_invented99", "203.0.113.2")
        neighbours = [config(client, f"w_six{i}", f"2001:db8::{i + 1}") for i in range(burst + 1)]
        registered = [config(client, website_id), send(client, website_id)]

    assert [answer.status_code for answer in answers] == [200] * burst + [429] * 3
    assert answers[-1].json()["kind"] == "too-many-requests"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert repeated.status_code == 200  # what is remembered costs no read
    assert (preflight.status_code, posted.status_code) == (429, 429)
    assert elsewhere.status_code == 200
    assert [answer.status_code for answer in neighbours] == [200] * burst + [429]
    assert [answer.status_code for answer in registered] == [200, 202]
    assert registered[0].json()["feature_flags"]["enable_session_replay"]


def test_unknown_names_evict_no_known_entry(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of websites, and of the query API's keys."""
    monkeypatch.setattr(cache, "_ENTRIES_MAX", 10)
    website_id = recording_website(store).website_id
    token = api_keys.create(store, website_id=website_id, role="viewer", now_ms=NOW_MS)
    control = ControlCache(store, settings, lambda: 0.0)
    assert control.website(website_id) is not None
    assert control.key(token) is not None
    for number in range(30):
        assert control.website(f"w_invented{number}") is None
        assert control.key(f"{token[:5]}{number:02}{token[7:]}") is None

    assert control.peek_website(website_id) is not None
    assert control._keys.peek(api_keys.key_id_of(token) or "") is not None
    assert len(control._websites._absent) == len(control._keys._absent) == 10


@pytest.mark.s3
def test_hanging_lookups_of_unknown_ids_delay_no_website(s3: S3Endpoint) -> None:
    """From as many addresses as they like; websites that were never asked for included."""
    settings = s3.settings(trusted_proxies=PROXY)
    store = open_store(settings)
    cached_id, uncached_id = (recording_website(store).website_id for _ in range(2))
    hanging = s3.faults.add(
        Fault(kind="late-answer", method="GET", match="w_nobody", times=inf, delay_s=4)
    )
    with app(settings, store) as client:
        assert send(client, cached_id).status_code == 202
        sent = [
            client.start(
                client.http.get(
                    f"/v1/config/w_nobody{i}", headers={"x-forwarded-for": f"198.51.100.{i}"}
                )
            )
            for i in range(100)
        ]
        eventually(lambda: hanging.open_count > 0)
        answers = [send(client, website_id).status_code for website_id in (cached_id, uncached_id)]
        unanswered_count = sum(not future.done() for future in sent)
        statuses = {future.result().status_code for future in sent if future.done()}
        s3.faults.clear()

    assert answers == [202, 202]
    assert 0 < unanswered_count <= 32
    assert statuses <= {200, 503}


@pytest.mark.s3
def test_cached_website_is_served_while_the_store_is_slow(s3: S3Endpoint) -> None:
    settings = s3.settings(control_cache_s=1.0)
    store = open_store(settings)
    website_id = recording_website(store).website_id
    with app(settings, store) as client:
        assert send(client, website_id).status_code == 202
        cached_s = time.monotonic()
        hanging = s3.faults.add(
            Fault(kind="late-answer", method="GET", match="/websites/", times=inf, delay_s=8)
        )
        eventually(lambda: time.monotonic() > cached_s + settings.control_cache_s)
        answer = send(client, website_id)
        was_open = hanging.open_count

    assert answer.status_code == 202
    assert was_open == 1


@pytest.mark.s3
def test_hanging_lookups_take_few_query_api_threads(s3: S3Endpoint) -> None:
    settings = s3.settings()
    store = open_store(settings)
    website_id = recording_website(store).website_id
    control = ControlCache(store, settings, time.monotonic)
    assert control.website(website_id) is not None
    hanging = s3.faults.add(
        Fault(kind="late-answer", method="GET", match="w_nobody", times=inf, delay_s=2)
    )
    with ThreadPoolExecutor(8) as pool:
        looked_up = [pool.submit(control.website, f"w_nobody{i}") for i in range(8)]
        eventually(lambda: hanging.open_count == 8)
        with pytest.raises(StoreUnavailable):
            control.website("w_nobody99")
        assert control.website(website_id) is not None
        assert [future.result() for future in looked_up] == [None] * 8
    assert control.website("w_nobody99") is None


@pytest.mark.long
@pytest.mark.s3
def test_invented_ids_do_not_delay_an_honest_visitor(s3: S3Endpoint, tmp_path: Path) -> None:
    """80 a second, on a store that takes 50 ms for each call."""
    settings = s3.settings(control_cache_s=2.0)
    honest = recording_website(open_store(settings)).website_id
    s3.faults.add(Fault(kind="late-answer", times=inf, delay_s=0.05))
    requests = [get(f"/v1/config/w_invented{number}") for number in range(20_000)]

    with serving(settings, tmp_path / "log") as server:

        def attack() -> AbstractContextManager[None]:
            before = s3.operations["GET"]
            begun = lambda: s3.operations["GET"] > before + 20  # noqa: E731
            return flooding(server.port, requests, per_s=80, has_begun=begun)

        measured = compare(partial(upload, server.port, honest, seconds=12), attack)

    assert measured.p99_ratio <= 3, measured
    assert set(measured.beside.statuses) == {202}, measured
