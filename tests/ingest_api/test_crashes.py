"""Servers that are killed or stopped in the middle: what was acknowledged is there, once."""

import asyncio
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from lake.settings import Settings
from lake.storage.base import Store
from tests.conftest import eventually
from tests.ingest_api.recording import (
    Identity,
    Recorder,
    assert_all_accounted_for,
    chunk,
    headers,
    metric,
    recording_website,
    stored,
    stored_once,
    zipped,
)
from tests.support.processes import Server, free_port, serving

WAITERS = 50


@pytest.fixture
def recorder(store: Store) -> Recorder:
    website = recording_website(store)
    return Recorder(website.website_id, int(time.time() * 1000))


def send_all(
    url: str, recorder: Recorder, seqs: range, acknowledged: set[Identity]
) -> dict[int, int]:
    """Send chunks all at once; return each one's status, 0 where the connection broke."""

    async def send(client: httpx.AsyncClient, seq: int) -> int:
        try:
            answer = await client.post(
                f"{url}/v1/chunks",
                params=recorder.params(seq),
                content=zipped(chunk(seq)),
                headers=headers(),
            )
        except httpx.TransportError:
            return 0
        if answer.status_code == 202:
            acknowledged.add(recorder.identity(seq))
        return answer.status_code

    async def send_each() -> dict[int, int]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(timeout=60, limits=limits, verify=False) as client:
            statuses = await asyncio.gather(*(send(client, seq) for seq in seqs))
        return dict(zip(seqs, statuses, strict=True))

    return asyncio.run(send_each())


@pytest.mark.also_on_s3
@pytest.mark.parametrize(
    ("point", "is_written"),
    [
        pytest.param("ingest-before-put", False, id="fault-1"),
        pytest.param("ingest-after-put", True, id="fault-2"),
    ],
)
@pytest.mark.fault(1, 2, 3)
def test_kill_in_a_group_commit_loses_no_acknowledged_chunk(
    store: Store,
    settings: Settings,
    recorder: Recorder,
    tmp_path: Path,
    point: str,
    is_written: bool,
) -> None:
    """Faults 1, 2 and 3: 50 waiters in the commit that dies; the client sends all again."""
    settings = replace(settings, ingest_linger_ms=2000)  # all 50 in one commit
    acknowledged: set[Identity] = set()
    with serving(settings, tmp_path / "log", environ={"CRASH": point}) as server:
        statuses = send_all(server.url, recorder, range(WAITERS), acknowledged)
        assert server.wait() == -signal.SIGKILL
    assert set(statuses.values()) == {0}
    assert not acknowledged
    assert len(stored(store)) == (WAITERS if is_written else 0)

    with serving(settings, tmp_path / "log") as server:
        repeated = send_all(server.url, recorder, range(WAITERS), acknowledged)
        assert set(repeated.values()) == {202}
        assert_all_accounted_for(httpx.get(f"{server.url}/metrics").text)

    assert stored_once(store) == {recorder.identity(seq): chunk(seq) for seq in range(WAITERS)}


@pytest.mark.fault(3, 43)
def test_kill_at_any_moment_loses_no_acknowledged_chunk(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Fault 3: `kill -9` under load, again and again; clients repeat what was not answered."""
    website = recording_website(store)
    recorder = Recorder(website.website_id, int(time.time() * 1000))
    acknowledged: set[Identity] = set()
    for start in range(0, 300, 100):
        with serving(settings, tmp_path / "log") as server:
            sender = threading.Thread(
                target=send_all,
                args=(server.url, recorder, range(start, start + 100), acknowledged),
            )
            sender.start()
            wait_for_more(acknowledged, len(acknowledged) + 20, sender)
            server.kill()
            sender.join()
        assert acknowledged <= set(stored_once(store))
    with serving(settings, tmp_path / "log") as server:
        send_all(server.url, recorder, range(300), acknowledged)

    assert stored_once(store) == {recorder.identity(seq): chunk(seq) for seq in range(300)}


@pytest.mark.fault(48)
def test_a_server_told_to_stop_answers_what_is_open_and_ends(
    store: Store, settings: Settings, recorder: Recorder, tmp_path: Path
) -> None:
    """Fault 48: SIGTERM with open requests; each is acknowledged or refused, none is lost."""
    settings = replace(settings, ingest_linger_ms=1500)
    acknowledged: set[Identity] = set()
    with serving(settings, tmp_path / "log") as server, ThreadPoolExecutor() as pool:
        statuses = pool.submit(send_all, server.url, recorder, range(WAITERS), acknowledged)
        eventually(lambda: waiting_bytes(server) >= WAITERS * len(zipped(chunk())))
        server.send(signal.SIGTERM)
        assert server.wait() == 0
        assert set(statuses.result().values()) == {202}
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/healthz")

    assert set(stored_once(store)) == acknowledged
    assert len(acknowledged) == WAITERS


@pytest.mark.fault(48)
def test_clients_that_keep_sending_during_a_deploy_lose_nothing(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Fault 48: SIGTERM under load, then the next server on the same port."""
    website = recording_website(store)
    recorder = Recorder(website.website_id, int(time.time() * 1000))
    port = free_port()
    acknowledged: set[Identity] = set()
    is_over = threading.Event()

    def keep_sending(first: int) -> set[Identity]:
        sent = set()
        seq = first
        while not is_over.is_set():
            statuses = send_all(
                f"http://127.0.0.1:{port}", recorder, range(seq, seq + 1), acknowledged
            )
            if statuses[seq] == 202:
                sent.add(recorder.identity(seq))
                seq += 10
        return sent

    with ThreadPoolExecutor() as pool:
        try:
            with serving(settings, tmp_path / "log", port=port) as server:
                senders = [pool.submit(keep_sending, first) for first in range(5)]
                eventually(lambda: len(acknowledged) > 50)
                server.send(signal.SIGTERM)
                assert server.wait() == 0
            before = len(acknowledged)
            with serving(settings, tmp_path / "log", port=port):
                eventually(lambda: len(acknowledged) > before + 50)
                is_over.set()
                sent = set().union(*(sender.result() for sender in senders))
        finally:
            is_over.set()

    assert sent == acknowledged
    assert acknowledged <= set(stored_once(store))


def wait_for_more(acknowledged: set[Identity], count: int, sender: threading.Thread) -> None:
    eventually(lambda: len(acknowledged) >= count or not sender.is_alive())


def waiting_bytes(server: Server) -> float:
    return metric(httpx.get(f"{server.url}/metrics").text, "replaylake_waiting_bytes")
