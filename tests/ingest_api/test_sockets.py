"""Behaviour of a socket: wrong lengths, slow bodies, responses before the body is read."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from lake.control.websites import Website
from lake.settings import Settings
from lake.storage.base import Store
from tests.conftest import eventually
from tests.ingest_api.recording import (
    ORIGIN,
    Recorder,
    assert_all_accounted_for,
    chunk,
    counted,
    headers,
    metric,
    stored,
    zipped,
)
from tests.support.processes import Server, serving

pytestmark = pytest.mark.folder  # the store makes no difference here

MIB = 1024 * 1024
DEADLINE_S = 1.0


@pytest.fixture
def server(settings: Settings, website: Website, tmp_path: Path) -> Iterator[Server]:
    quick = replace(settings, chunk_deadline_s=DEADLINE_S, ingest_waiting_bytes_max=MIB)
    with serving(quick, tmp_path / "log") as server:
        yield server
        eventually(lambda: all_accounted_for(server))


@pytest.fixture
def recorder(website: Website) -> Recorder:
    return Recorder(website.website_id, int(time.time() * 1000))


def all_accounted_for(server: Server) -> bool:
    assert_all_accounted_for(metrics(server))
    return metric(metrics(server), "replaylake_waiting_bytes") == 0


def metrics(server: Server) -> str:
    return httpx.get(f"{server.url}/metrics").text


def connect(server: Server) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def head(recorder: Recorder, *lines: str, seq: int = 0) -> bytes:
    target = "/v1/chunks?" + urlencode(recorder.params(seq))
    all_lines = [f"POST {target} HTTP/1.1", "Host: ingest", f"Origin: {ORIGIN}", *lines, "", ""]
    return "\r\n".join(all_lines).encode()


def until_closed(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes; a reset counts as closed."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


@pytest.mark.attack(38)
def test_a_body_shorter_than_announced_is_400_and_closed(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Attack 38: a Content-Length that lies."""
    with connect(server) as connection:
        connection.sendall(head(recorder, "Content-Length: 1000") + chunk())
        connection.shutdown(socket.SHUT_WR)
        answer = until_closed(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert stored(store) == []


@pytest.mark.attack(38)
def test_bytes_beyond_the_content_length_are_400_and_closed(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Attack 38."""
    with connect(server) as connection:
        length = len(chunk())
        connection.sendall(head(recorder, f"Content-Length: {length}") + chunk() + chunk(1))
        answer = until_closed(connection)

    assert b"HTTP/1.1 400 " in answer
    assert len(stored(store)) <= 1


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 5 5"],
        ["Transfer-Encoding: gzip, chunked, gzip"],
    ],
)
@pytest.mark.attack(38)
def test_a_request_with_two_lengths_is_400_and_closed(
    server: Server, store: Store, recorder: Recorder, lines: list[str]
) -> None:
    """Attack 38: CL+TE smuggling."""
    with connect(server) as connection:
        connection.sendall(head(recorder, *lines) + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        answer = until_closed(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert stored(store) == []


@pytest.mark.attack(39)
def test_a_body_of_one_byte_at_a_time_ends_at_the_deadline(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Attack 39. Meanwhile others are served."""
    with connect(server) as connection:
        connection.sendall(head(recorder, f"Content-Length: {len(chunk())}"))
        began_s = time.monotonic()
        connection.settimeout(0.05)
        answer = b""
        for byte in chunk():
            try:
                connection.sendall(bytes([byte]))
                answer += connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break
            other = post(server, recorder, 1)
            assert other.status_code == 202
        connection.settimeout(30)
        answer += until_closed(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"body-too-slow"' in answer
    assert time.monotonic() - began_s >= DEADLINE_S
    assert recorder.identity(0) not in {a.identity for a in stored(store)}


@pytest.mark.attack(39)
def test_a_head_that_never_ends_is_closed_at_the_deadline(
    server: Server, recorder: Recorder
) -> None:
    """Attack 39, in the headers, and a connection that sends nothing."""
    for sent in (b"POST /v1/chunks HTTP/1.1\r\nHost: x\r\nX-A: ", b""):
        with connect(server) as connection:
            connection.sendall(sent)
            assert until_closed(connection) == b""


def test_too_much_waiting_is_told_before_the_body_is_read(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Invariant I10: 503 with Retry-After on the headers alone."""
    with connect(server) as connection:
        connection.sendall(head(recorder, f"Content-Length: {MIB + 1}"))
        answer = until_closed(connection)  # nothing of the body was ever sent

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in answer
    assert b"connection: close" in answer
    assert b'"overloaded"' in answer
    assert f"access-control-allow-origin: {ORIGIN}".encode() in answer
    assert post(server, recorder, 0).status_code == 202


def test_a_chunked_body_is_bounded_while_it_comes(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Invariant I10: the budget also holds without a Content-Length."""
    part = b"%x\r\n" % 65536 + bytes(65536) + b"\r\n"
    with connect(server) as connection:
        try:
            connection.sendall(head(recorder, "Transfer-Encoding: chunked") + part * 32)
            answer = until_closed(connection)
        except (ConnectionResetError, BrokenPipeError):
            answer = b""

    assert answer.startswith(b"HTTP/1.1 503 ") or not answer
    eventually(lambda: metric(metrics(server), "replaylake_waiting_bytes") == 0)
    assert stored(store) == []


def test_oversized_chunk_is_413_while_it_is_still_being_sent(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """413 reaches a client that reads only after it has sent."""
    with connect(server) as connection:
        size = 4 * MIB + 1
        connection.sendall(head(recorder, f"Content-Length: {size}") + bytes(size // 2))
        answer = until_closed(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert problem["limit_bytes"] == 4 * MIB


def test_a_refused_chunk_does_not_cost_its_connection(
    server: Server, store: Store, recorder: Recorder
) -> None:
    with httpx.Client(base_url=server.url, headers=headers()) as client:
        first = client.post(
            "/v1/chunks", params=recorder.params(secret="0" * 32), content=zipped(chunk())
        )
        second = client.post("/v1/chunks", params=recorder.params(), content=zipped(chunk()))

    assert (first.status_code, second.status_code) == (403, 202)
    assert "connection" not in first.headers


def test_disconnect_within_a_body_is_counted_as_rejected(
    server: Server, store: Store, recorder: Recorder
) -> None:
    with connect(server) as connection:
        connection.sendall(head(recorder, "Content-Length: 1000") + b"[")
    eventually(lambda: counted(metrics(server), recorder.website_id)["rejected"] == 1)

    assert post(server, recorder, 1).status_code == 202


@pytest.mark.fault(3)
def test_disconnect_before_the_answer_still_stores_the_chunk(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Fault 3: a waiter goes away in the middle of a group commit."""
    with connect(server) as connection:
        connection.sendall(head(recorder, f"Content-Length: {len(chunk())}") + chunk())
        eventually(lambda: metric(metrics(server), "replaylake_waiting_bytes") > 0)

    eventually(lambda: {a.identity for a in stored(store)} == {recorder.identity(0)})


@pytest.mark.attack(29)
def test_logs_contain_no_personal_data_and_no_forged_line(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Attack 29."""
    answer = httpx.post(
        f"{server.url}/v1/chunks",
        params=recorder.params(secret="f" * 32) | {"note": "\r\n\x1b[31mforged"},
        content=chunk(),
        headers=headers(user_agent="TellTaleAgent", x_forwarded_for="203.0.113.77"),
    )
    with connect(server) as connection:
        connection.sendall(
            head(recorder, "Content-Length: 1")[:-4]
            + b"\r\nContent-Encoding: \x9b31m\x85evil\r\nConnection: close\r\n\r\n["
        )
        more = until_closed(connection)
    assert answer.status_code == 403
    assert more.startswith(b"HTTP/1.1 415 ")
    log = server.log.read_text()

    assert '"kind": "secret-mismatch"' in log
    for line in log.splitlines():
        assert json.loads(line)["event"]
    assert '"kind": "encoding-unsupported"' in log
    assert log.isascii()
    for secret in ("TellTaleAgent", "203.0.113.77", "127.0.0.1:", "f" * 32, "forged", "\x1b"):
        assert secret not in log.replace(f"http://127.0.0.1:{server.port}", "")


@pytest.mark.attack(29)
def test_refusals_and_failures_log_no_data_of_the_visitor(
    settings: Settings, website: Website, recorder: Recorder, tmp_path: Path
) -> None:
    """429, 410 and a store that fails: no secret, address, user agent, query or event."""
    old = Recorder(website.website_id, recorder.began_ms - 400 * 86_400_000)
    slow = replace(settings, ingest_website_chunks_per_s=1)
    with serving(slow, tmp_path / "log") as server:

        def send(sender: Recorder, seq: int) -> int:
            return httpx.post(
                f"{server.url}/v1/chunks",
                params=sender.params(seq) | {"note": "planted-query"},
                content=zipped(chunk(text="planted-text")),
                headers=headers(user_agent="TellTaleAgent", x_forwarded_for="203.0.113.77"),
            ).status_code

        assert send(recorder, 0) == 202
        raw = Path(settings.lake) / "raw"
        raw.rename(raw.with_name("away"))
        raw.touch()  # no folder any more
        assert send(recorder, 1) == 503
        with ThreadPoolExecutor(8) as senders:
            statuses = list(senders.map(lambda _: send(recorder, 0), range(8)))
        # A website's refusals fill few lines a second.
        eventually(lambda: send(old, 0) == 410 and '"session-expired"' in server.log.read_text())
        log = server.log.read_text()

    assert 429 in statuses
    for kind in ("store-unavailable", "too-many-requests", "session-expired"):
        assert f'"kind": "{kind}"' in log
    for secret in (
        *("TellTaleAgent", "203.0.113.77", "planted-query", "planted-text", "127.0.0.1:"),
        *(recorder.secret, recorder.session_id, recorder.page_id, old.secret),
    ):
        assert secret not in log.replace(f"http://127.0.0.1:{server.port}", "")


def post(server: Server, recorder: Recorder, seq: int) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/chunks",
        params=recorder.params(seq),
        content=zipped(chunk(seq)),
        headers=headers(),
    )
