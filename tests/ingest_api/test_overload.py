"""More than a server can take: bounded memory, plain refusals, and the rest is served."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from ingest_api.app import create_app
from lake.control.websites import Website
from lake.settings import Settings
from lake.storage.base import Store
from tests.conftest import eventually
from tests.ingest_api.conftest import Clock
from tests.ingest_api.recording import (
    NOW_MS,
    ORIGIN,
    Recorder,
    assert_all_accounted_for,
    chunk,
    headers,
    metric,
    plain,
    stored,
    zipped,
)
from tests.support.asgi import AppClient
from tests.support.processes import Server, serving

CONNECTIONS_MAX = 4
MEMORY_BYTES_MAX = 300_000_000


@pytest.fixture
def server(settings: Settings, website: Website, tmp_path: Path) -> Iterator[Server]:
    few = replace(settings, ingest_connections_max=CONNECTIONS_MAX, ingest_linger_ms=1500)
    with serving(few, tmp_path / "log") as server:
        yield server


@pytest.fixture
def recorder(website: Website) -> Recorder:
    return Recorder(website.website_id, int(time.time() * 1000))


def connect(server: Server, stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))


def test_an_idle_connection_makes_room_for_a_new_one(server: Server, recorder: Recorder) -> None:
    with ExitStack() as stack:
        idle = [connect(server, stack) for _ in range(CONNECTIONS_MAX)]
        for connection in idle:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")

        assert post(server.url, recorder, 0).status_code == 202
        assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_one_connection_too_many_is_told_so(server: Server, recorder: Recorder) -> None:
    with ExitStack() as stack:
        busy = [connect(server, stack) for _ in range(CONNECTIONS_MAX)]
        for seq, connection in enumerate(busy):
            connection.sendall(head(recorder, len(chunk()), seq=seq) + chunk())
        eventually(lambda: told_so(server))
        answers = [connection.recv(65536) for connection in busy]

    assert {answer[:13] for answer in answers} == {b"HTTP/1.1 202 "}
    eventually(lambda: is_served(server, recorder))


def told_so(server: Server) -> bool:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as extra:
        extra.settimeout(0.3)
        try:
            answer = extra.recv(65536)
        except TimeoutError:
            return False
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: " in answer
    return True


def head(recorder: Recorder, length: int | None, *, seq: int = 0) -> bytes:
    """The head of an upload; chunked if no length is given."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    target = "/v1/chunks?" + urlencode(recorder.params(seq))
    lines = [f"POST {target} HTTP/1.1", "Host: ingest", f"Origin: {ORIGIN}", size, "", ""]
    return "\r\n".join(lines).encode()


def test_flood_of_bodies_is_refused_beyond_the_memory_limit(
    settings: Settings, store: Store, website: Website, recorder: Recorder, tmp_path: Path
) -> None:
    """Invariant I10: 300 MB under any load, then 503; what was acknowledged is stored."""
    text = "".join(chr(33 + i * 7919 % 90) for i in range(1_000_000)).replace("\\", "/")
    body = chunk(text=text)
    with serving(settings, tmp_path / "log") as server, ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda seq: send(server.url, recorder, seq, body), range(300)))
        with Path(f"/proc/{server.process.pid}/status").open() as status:
            (peak,) = (int(line.split()[1]) * 1024 for line in status if "VmHWM" in line)
        assert_all_accounted_for(httpx.get(f"{server.url}/metrics").text)

    assert set(answers) <= {0, 202, 503}
    assert answers.count(202) > 0
    assert peak < MEMORY_BYTES_MAX
    acknowledged = {recorder.identity(seq) for seq, code in enumerate(answers) if code == 202}
    assert acknowledged <= {received_chunk.identity for received_chunk in stored(store)}


def test_what_is_made_of_a_small_body_counts_as_waiting_too(
    settings: Settings, store: Store, clock: Clock, website: Website
) -> None:
    """Invariant I10: a few kB of gzip can name many long addresses."""
    recorder = Recorder(website.website_id)
    view = {"href": "https://shop.example/" + "x" * 2000, "width": 1, "height": 1}
    raw = json.dumps([{"type": 4, "timestamp": NOW_MS, "data": view}] * 256).encode()
    for limit_bytes, status in ((10_000, 503), (100_000, 202)):
        small = replace(settings, ingest_waiting_bytes_max=limit_bytes)
        with AppClient(create_app(small, store, clock=clock)) as client:
            answer = client.post(
                "/v1/chunks", params=recorder.params(), content=zipped(raw), headers=headers()
            )
            assert answer.status_code == status
            text = client.get("/metrics").text
            assert metric(text, "replaylake_waiting_bytes") == 0
            assert_all_accounted_for(text)


def test_an_overload_lets_the_page_read_when_to_come_again(
    settings: Settings, store: Store, clock: Clock, website: Website
) -> None:
    none = replace(settings, ingest_waiting_bytes_max=1)
    with AppClient(create_app(none, store, clock=clock)) as client:
        answer = client.post(
            "/v1/chunks",
            params=Recorder(website.website_id).params(),
            content=chunk(),
            headers=plain(),
        )

    assert (answer.status_code, answer.json()["kind"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"


def is_served(server: Server, recorder: Recorder) -> bool:
    try:
        return post(server.url, recorder, 9).status_code == 202
    except httpx.TransportError:
        return False


def send(url: str, recorder: Recorder, seq: int, body: bytes) -> int:
    """Return the status, 0 where the connection broke."""
    try:
        return httpx.post(
            f"{url}/v1/chunks",
            params=recorder.params(seq),
            content=body,
            headers=plain(),
            timeout=60,
        ).status_code
    except httpx.TransportError:
        return 0


def post(url: str, recorder: Recorder, seq: int) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/chunks",
        params=recorder.params(seq),
        content=zipped(chunk(seq)),
        headers=headers(),
    )
