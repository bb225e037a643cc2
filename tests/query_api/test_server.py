"""The query API as a real process: streams of any length, clients that leave, and its end."""

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lake.control import api_keys
from lake.settings import Settings
from lake.storage.base import open_store
from lake.tables import audit_log
from tests.conftest import eventually
from tests.query_api.recorded import Clock, Lakeful, Session, moves, page
from tests.support.processes import Server, serving

_SERVE = (
    "import sys; from query_api.serve import serve; from lake.settings import from_environ; "
    "serve(from_environ(), '127.0.0.1', int(sys.argv[1]))"
)
QUERY = (sys.executable, "-c", _SERVE, "{port}")
_LONG_BYTES = 96 << 20
_DEADLINE_S = 1.0
_FILES = 256


@pytest.fixture(scope="module")
def lakeful(tmp_path_factory: pytest.TempPathFactory) -> Lakeful:
    settings = Settings(lake=str(tmp_path_factory.mktemp("server") / "lake"))
    clock = Clock(time.time_ns() // 1_000_000)
    return Lakeful(open_store(settings), settings, clock)


@pytest.fixture(scope="module")
def long(lakeful: Lakeful) -> Session:
    """A session of 96 MB."""
    session = lakeful.session(began_ms=lakeful.clock.ms - 3_600_000)
    for number in range(48):
        at_ms = session.began_ms + number * 10_000
        events = [*page(at_ms, text=f"{number} " * (2 << 19)), *moves(at_ms + 10, 5)]
        lakeful.append(session.chunks(events))
    lakeful.compact(session.day)
    return session


@pytest.fixture
def server(lakeful: Lakeful, long: Session, tmp_path: Path) -> Iterator[Server]:
    with serving(lakeful.settings, tmp_path / "log", command=QUERY) as server:
        yield server


def metric(server: Server, name: str) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    (value,) = (
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )
    return value


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_a_long_session_streams_in_bounded_memory(
    server: Server, lakeful: Lakeful, long: Session, encoding: str
) -> None:
    """Invariant I10 for readers."""
    headers = lakeful.headers() | {"accept-encoding": encoding}
    url = f"{server.url}/api/replay/{long.session_id}"
    httpx.get(url, headers=headers, params={"to_ms": 0})
    process = psutil.Process(server.process.pid)
    before = most = process.memory_info().rss
    line_count = 0
    tail = b""
    size_bytes = 0
    with httpx.stream("GET", url, headers=headers) as answer:
        for block in answer.iter_bytes():
            line_count += block.count(b"\n")
            size_bytes += len(block)
            tail = block[-1:]
            most = max(most, process.memory_info().rss)

    assert answer.headers.get("content-encoding", "identity") == encoding
    assert (tail, line_count) == (b"\n", int(answer.headers["x-event-count"]))
    assert size_bytes > _LONG_BYTES
    assert most - before < 64 << 20


def test_the_work_ends_when_the_client_goes_away(
    server: Server, lakeful: Lakeful, long: Session
) -> None:
    headers = lakeful.headers() | {"accept-encoding": "identity"}
    with httpx.stream("GET", f"{server.url}/api/replay/{long.session_id}", headers=headers) as got:
        blocks = got.iter_raw()  # which ends the answer once nobody holds it
        next(blocks)
        assert metric(server, "replaylake_replays_open") == 1

    eventually(lambda: metric(server, "replaylake_replays_open") == 0)
    assert metric(server, "replaylake_replay_bytes_total") < _LONG_BYTES
    assert metric(server, "replaylake_replays_cut_total") == 0
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_client_that_does_not_read_holds_only_its_buffers(
    server: Server, lakeful: Lakeful, long: Session
) -> None:
    request = (
        f"GET /api/replay/{long.session_id} HTTP/1.1\r\nhost: x\r\n"
        f"authorization: {lakeful.headers()['authorization']}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.sendall(request.encode())
        assert silent.recv(1)
        eventually(lambda: metric(server, "replaylake_replays_open") == 1)
        answers = [
            httpx.get(f"{server.url}/api/websites/{lakeful.website.website_id}/sessions",
                      headers=lakeful.headers())
            for _ in range(5)
        ]  # fmt: skip

        assert {answer.status_code for answer in answers} == {200}
        assert metric(server, "replaylake_replay_bytes_total") < _LONG_BYTES // 2
    eventually(lambda: metric(server, "replaylake_replays_open") == 0)


def test_sigterm_lets_open_replays_end_and_takes_no_new_ones(
    server: Server, lakeful: Lakeful, long: Session
) -> None:
    """Fault 48."""
    headers = lakeful.headers() | {"accept-encoding": "identity"}
    with httpx.stream("GET", f"{server.url}/api/replay/{long.session_id}", headers=headers) as got:
        blocks = got.iter_raw()
        lines = next(blocks).count(b"\n")
        server.send(signal.SIGTERM)
        eventually(lambda: not _connects(server.port))
        lines += sum(block.count(b"\n") for block in blocks)

    assert lines == int(got.headers["x-event-count"])
    assert server.wait() == 0


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_several_servers_answer_the_same(server: Server, lakeful: Lakeful, tmp_path: Path) -> None:
    """Several servers of each API may run; they share only the store."""
    url = f"/api/websites/{lakeful.website.website_id}/sessions"
    with serving(lakeful.settings, tmp_path / "other", command=QUERY) as other:
        answers = [httpx.get(item.url + url, headers=lakeful.headers()) for item in (server, other)]

    assert answers[0].json() == answers[1].json()


def test_many_at_once_all_get_their_answer(server: Server, lakeful: Lakeful, long: Session) -> None:
    headers = lakeful.headers()
    url = f"{server.url}/api/websites/{lakeful.website.website_id}/sessions"
    statuses: list[int] = []

    def call_api() -> None:
        with httpx.Client(headers=headers) as http:
            statuses.extend(http.get(url, timeout=60).status_code for _ in range(10))

    threads = [threading.Thread(target=call_api) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 200


@pytest.mark.attack(29)
def test_logs_are_json_and_hold_no_key(server: Server, lakeful: Lakeful) -> None:
    """Attack 29 for this API."""
    headers = lakeful.headers()
    httpx.get(f"{server.url}/api/replay/x%0d%0a%1b[31mred?token=abc", headers=headers)
    server.send(signal.SIGTERM)
    server.wait()
    text = server.log.read_text()

    for line in text.splitlines():
        json.loads(line)
    assert headers["authorization"].split()[1] not in text
    assert "\x1b" not in text


def test_logs_hold_no_token_of_a_link(server: Server, lakeful: Lakeful, long: Session) -> None:
    """The token is in the URL, which servers usually log."""
    made = httpx.post(f"{server.url}/api/replay/{long.session_id}/share",
                      headers=lakeful.headers(role="admin")).json()  # fmt: skip
    wrong = made["token"][:-1] + ("1" if made["token"][-1] == "0" else "0")
    statuses = [
        httpx.get(f"{server.url}/api/shared/{token}{path}").status_code
        for token in (made["token"], wrong)
        for path in ("", "/replay?to_ms=0", "/replay?to_ms=x", "/nothing")
    ]
    with socket.create_connection(("127.0.0.1", server.port)) as torn:
        torn.sendall(f"GET /api/shared/{made['token']} HTTP/1.1\r\nbad\r\n\r\n".encode())
        until_closed(torn)
    server.send(signal.SIGTERM)
    server.wait()

    assert statuses == [200, 200, 400, 404, 404, 404, 404, 404]
    assert made["shareId"] not in server.log.read_text()


@pytest.mark.fault(48)
def test_sigterm_writes_the_views_that_are_held(
    server: Server, lakeful: Lakeful, long: Session
) -> None:
    headers = lakeful.headers()
    url = f"{server.url}/api/replay/{long.session_id}"
    assert httpx.get(url, headers=headers, params={"to_ms": 0}).status_code == 200
    server.send(signal.SIGTERM)
    assert server.wait() == 0

    key_id = api_keys.key_id_of(headers["authorization"].split()[1])
    entries = (
        audit_log.AuditReader(lakeful.store).entries(lakeful.website.website_id, limit=1000).entries
    )
    (mine,) = (view for view in entries if view.actor == key_id)
    assert (mine.action, mine.target) == ("replay-viewed", long.session_id)


@pytest.fixture
def hasty(lakeful: Lakeful, tmp_path: Path) -> Iterator[Server]:
    """A server that waits a second for heads and bodies, and has few connections."""
    settings = replace(lakeful.settings, chunk_deadline_s=_DEADLINE_S)
    prefix = ("prlimit", f"--nofile={_FILES}:{_FILES}")
    with serving(settings, tmp_path / "hasty", command=QUERY, prefix=prefix) as server:
        yield server


@pytest.mark.attack(39)
@pytest.mark.parametrize("sent", [b"GET /api/websites HTTP/1.1\r\nHost: x\r\nX-A: ", b""])
def test_a_head_of_one_byte_at_a_time_ends_at_the_deadline(hasty: Server, sent: bytes) -> None:
    began_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.port)) as slow:
        slow.sendall(sent)
        slow.settimeout(0.05)
        while not _has_ended(slow):
            assert time.monotonic() - began_s < 20
            if sent:
                with suppress(OSError):
                    slow.sendall(b"a")

    assert time.monotonic() - began_s >= _DEADLINE_S * 0.9


@pytest.mark.attack(39)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/websites/{website}"),
        ("POST", "/api/websites/{website}/keys"),
        ("POST", "/api/websites/{website}/erasures"),
        ("POST", "/api/replay/{session}/share"),
    ],
)
def test_a_body_of_one_byte_at_a_time_ends_at_the_deadline(
    hasty: Server, lakeful: Lakeful, long: Session, method: str, path: str
) -> None:
    path = path.format(website=lakeful.website.website_id, session=long.session_id)
    key = lakeful.headers(role="admin")["authorization"]
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: {key}\r\n"
    answer = b""
    began_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.port)) as slow:
        slow.sendall(f"{head}content-length: 1000\r\n\r\n".encode())
        slow.settimeout(0.05)
        while time.monotonic() - began_s < 20:
            try:
                slow.sendall(b" ")
                block = slow.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            answer += block
            if not block:
                break

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"body-too-slow"' in answer
    assert _DEADLINE_S * 0.9 <= time.monotonic() - began_s < 20


def test_connections_that_say_nothing_shut_nobody_out(hasty: Server) -> None:
    """There are more than file descriptors; the connection that is silent longest is closed."""
    with ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", hasty.port)))
            for _ in range(_FILES + 50)
        ]
        answer = httpx.get(f"{hasty.url}/healthz", timeout=20)

        assert answer.status_code == 200
        assert _has_ended(idle[0])
    assert "Traceback" not in hasty.log.read_text()


def until_closed(connection: socket.socket) -> bytes:
    """Read until the connection is closed."""
    connection.settimeout(20)
    answer = b""
    with suppress(ConnectionResetError):
        while block := connection.recv(65536):
            answer += block
    return answer


def _has_ended(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
