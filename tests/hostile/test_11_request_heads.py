"""Request heads without end: 431 at 64 KiB, in bounded memory, and nobody else waits."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from lake.http.uvicorn_protocol import HEAD_BYTES_MAX, HEADERS_MAX
from lake.settings import Settings
from tests.hostile.honest_visitor import compare
from tests.hostile.raw_sockets import APIS, Target, connect, get, hoard_of, target, until_closed

pytestmark = pytest.mark.folder

MIB = 1024 * 1024
CHUNKED = (
    b"POST /v1/chunks HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
BEFORE = {
    "a header line": b"GET /healthz HTTP/1.1\r\nX-A: ",
    "a header name": b"GET /healthz HTTP/1.1\r\nX-A",
    "a URL": b"GET /",
    "a query": b"GET /api/me?",
    "a method": b"",
    "headers": b"GET /healthz HTTP/1.1\r\n",
    "tiny headers": b"GET /healthz HTTP/1.1\r\n",
    "lines before a request": b"",
    "trailers": CHUNKED + b"0\r\n",
    "one trailer": CHUNKED + b"0\r\nX-A: ",
    "a chunk extension": CHUNKED + b"5;a=",
    "a chunk size": CHUNKED,
}
ENDLESS = {
    "headers": b"X-Header: some value\r\n",
    "tiny headers": b"a:b\r\n",
    "lines before a request": b"\r\n",
    "trailers": b"X-Header: some value\r\n",
    "a chunk size": b"0",
}


@pytest.fixture(scope="module", params=APIS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp(request.param)
    with target(request.param, Settings(lake=str(folder / "lake")), folder) as server:
        yield server


def problem_of(answer: bytes) -> tuple[int, str]:
    """Status and kind of the last answer, and that the connection closes."""
    last = answer.rpartition(b"HTTP/1.1 ")[2]
    head, _, body = last.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"content-type: application/problem+json" in head
    return int(head[:3]), json.loads(body)["kind"]


@pytest.mark.parametrize("what", BEFORE)
def test_endless_request_head_is_refused(server: Target, what: str) -> None:
    part = ENDLESS.get(what, b"a")
    with connect(server.port) as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(BEFORE[what] + part * (4 * HEAD_BYTES_MAX // len(part)))
        answer = until_closed(connection)

    # An answer that came before the end of its request is followed by nothing but the end.
    assert problem_of(answer)[0] in (400, 431)
    if what in ("a header line", "a URL", "a query", "headers", "tiny headers"):
        assert problem_of(answer) == (431, "head-too-large")


@pytest.mark.parametrize("step_bytes", [1 << 16, 1000])
@pytest.mark.parametrize("is_url", [True, False], ids=["url", "header"])
def test_limit_is_exact_however_a_head_is_cut(
    server: Target, step_bytes: int, *, is_url: bool
) -> None:
    statuses = []
    for size in (HEAD_BYTES_MAX, HEAD_BYTES_MAX + 1):
        line = get("/nothing?a=") if is_url else get("/nothing", headers=["X-A: "])
        head = line.replace(b"a=", b"a=" + b"a" * (size - len(line)))
        head = head.replace(b"X-A: ", b"X-A: " + b"a" * (size - len(line)))
        assert len(head) == size
        with connect(server.port) as connection:
            for start in range(0, size, step_bytes):
                connection.sendall(head[start : start + step_bytes])
            statuses.append(connection.recv(65536)[9:12])

    assert statuses == [b"404", b"431"]


def test_number_of_headers_is_limited(server: Target) -> None:
    statuses = []
    for count in (HEADERS_MAX, HEADERS_MAX + 1):
        with connect(server.port) as connection:
            connection.sendall(get("/healthz", headers=[f"X-{n}: a" for n in range(count - 1)]))
            statuses.append(connection.recv(65536)[9:12])

    assert statuses == [b"200", b"431"]


def test_trailers_are_no_headers_of_this_or_the_next_request(server: Target) -> None:
    trailers = b"".join(b"X-T%d: a\r\n" % n for n in range(1000))
    with connect(server.port) as connection:
        head = CHUNKED.replace(b"/v1/chunks", b"/healthz")
        connection.sendall(head + b"1\r\n[\r\n0\r\n" + trailers + b"\r\n")
        first = connection.recv(65536)
        connection.sendall(get("/healthz", headers=["Connection: close"]))
        second = until_closed(connection)

    assert first.startswith(b"HTTP/1.1 405 ")
    assert b"HTTP/1.1 200 " in second


def test_error_is_not_written_into_another_answer(server: Target) -> None:
    """It would be read as a part of it, or as the answer to the next request."""
    with connect(server.port) as connection:
        connection.sendall(get(server.path) + b"\0junk\r\n\r\n" + b"a" * HEAD_BYTES_MAX)
        answer = until_closed(connection)
    head, _, rest = answer.partition(b"\r\n\r\n")
    (length,) = (
        int(line[16:]) for line in head.lower().split(b"\r\n") if b"content-length" in line
    )

    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(rest) >= length
    assert rest[length:].startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))


def test_many_large_heads_hold_bounded_memory(server: Target) -> None:
    count = 100
    with ExitStack() as stack:
        before_bytes = server.memory_bytes
        for number in range(count):
            connection = stack.enter_context(connect(server.port))
            part = b"a:b\r\n" if number % 2 else b"a" * 5
            head = b"GET /healthz HTTP/1.1\r\n" if number % 2 else b"GET /"
            connection.sendall(head + part * ((HEAD_BYTES_MAX - 100) // len(part)))
        with connect(server.port) as connection:
            connection.sendall(get("/healthz"))
            assert connection.recv(65536)[9:12] == b"200"

        assert server.memory_bytes - before_bytes < 48 * MIB


def test_one_endless_line_costs_as_much_as_its_bytes(server: Target) -> None:
    """In pieces, each of which was once copied with all before it."""
    process = psutil.Process(server.server.process.pid)

    def cpu_s(pieces: int) -> float:
        before_s = sum(process.cpu_times()[:2])
        with connect(server.port) as connection:
            connection.sendall(get("/healthz").rstrip() + b"\r\nX-A: ")
            for _ in range(pieces):
                connection.sendall(b"a" * (HEAD_BYTES_MAX // 2 // pieces))
            connection.sendall(b"\r\n\r\n")
            assert connection.recv(65536)[9:12] == b"200"
        return sum(process.cpu_times()[:2]) - before_s

    assert cpu_s(1000) < 1  # of 32 kB, in pieces of 32 bytes


@contextmanager
def endless_heads(port: int) -> Iterator[None]:
    """As many megabytes of heads as a server takes."""
    sent = b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 10 * MIB
    with hoard_of(port, sent, count=300)():
        yield


@pytest.mark.long
@pytest.mark.parametrize("api", APIS)
def test_honest_client_beside_heads_without_end(
    api: str, settings: Settings, tmp_path: Path
) -> None:
    with target(api, settings, tmp_path) as server:
        before_bytes = server.memory_bytes
        measured = compare(server.measure, lambda: endless_heads(server.port))
        grown_bytes = server.memory_bytes - before_bytes

    assert measured.p99_ratio <= 3, measured
    assert measured.beside.lost == 0, measured
    assert grown_bytes < 100 * MIB
