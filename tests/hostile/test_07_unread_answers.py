"""Clients that do not read their answers: cut, evicted first, and kept to a share by address."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from lake.http.connections import ConnectionGroup, Connections
from lake.ingest.client_address import parse_networks
from lake.settings import Settings
from tests.conftest import WAIT_S, eventually
from tests.hostile.honest_visitor import compare
from tests.hostile.raw_sockets import APIS, Target, connect, get, hoard_of, target, until_closed

pytestmark = pytest.mark.folder

MIB = 1024 * 1024
PER_ADDRESS = 12


@pytest.fixture(params=APIS)
def serve(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
) -> Iterator[Callable[..., Target]]:
    """Start one of the APIs with few connections for each address."""
    with ExitStack() as stack:

        def started(*, answer_stalled_s: float = settings.answer_stalled_s) -> Target:
            few = replace(
                settings,
                address_connections_max=PER_ADDRESS,
                chunk_deadline_s=WAIT_S,
                answer_stalled_s=answer_stalled_s,
            )
            return stack.enter_context(target(request.param, few, tmp_path))

        yield started


def block(server: Target, stack: ExitStack, *, receive_bytes: int = 4096) -> socket.socket:
    """Ask for more than all buffers hold, and read nothing."""
    client = stack.enter_context(
        connect(server.port, source="127.0.0.2", receive_bytes=receive_bytes)
    )
    client.sendall(get(server.path) * 30 + get(server.path, headers=["Connection: close"]))
    return client


def is_cut(connection: socket.socket) -> bool:
    """Whether the server has reset a connection; tells without reading from it."""
    connection.settimeout(0.05)
    try:
        connection.sendall(b"\r\n")
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def is_served(server: Target, stack: ExitStack) -> bool:
    """Whether a new connection of the blocked ones' address is answered."""
    client = stack.enter_context(connect(server.port, source="127.0.0.2"))
    client.sendall(get("/healthz"))
    return client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_silent_reader_is_cut_and_slow_reader_gets_everything(
    serve: Callable[..., Target],
) -> None:
    server = serve(answer_stalled_s=2)
    with ExitStack() as stack:
        slow = block(server, stack, receive_bytes=1 << 16)
        silent = block(server, stack)
        read = bytearray()

        def reads_a_little() -> bool:
            read.extend(slow.recv(1 << 15))
            return is_cut(silent)

        eventually(reads_a_little)
        slow.settimeout(WAIT_S)
        read += until_closed(slow)

    assert read.count(b"HTTP/1.1 200 OK\r\n") == 31


def test_new_connection_evicts_a_blocked_one_of_its_address(
    serve: Callable[..., Target],
) -> None:
    server = serve(answer_stalled_s=10 * WAIT_S)
    with ExitStack() as stack:
        neighbour = stack.enter_context(connect(server.port, source="127.0.0.3"))
        blocked = [block(server, stack) for _ in range(PER_ADDRESS)]
        for _ in range(PER_ADDRESS):
            eventually(lambda: is_served(server, stack))
        neighbour.sendall(get("/healthz"))

        assert neighbour.recv(65536).startswith(b"HTTP/1.1 200 ")
        eventually(lambda: all(is_cut(connection) for connection in blocked))


def test_pipelined_requests_are_answered_in_order(serve: Callable[..., Target]) -> None:
    server = serve()
    with connect(server.port) as many:
        paths = ["/healthz", "/nothing"] * 200
        many.sendall(b"".join(map(get, paths)) + get("/healthz", headers=["Connection: close"]))
        answer = until_closed(many)

    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404"] * 200 + [b"200"]


def test_pipelined_requests_are_queued_unparsed(serve: Callable[..., Target]) -> None:
    """Parsed, each of these 18 bytes would be some kB of objects."""
    server = serve()
    with ExitStack() as stack:
        assert is_served(server, stack)
        before_bytes = server.memory_bytes
        for _ in range(PER_ADDRESS - 1):
            client = stack.enter_context(
                connect(server.port, source="127.0.0.2", receive_bytes=4096)
            )
            client.sendall(get(server.path) * 20 + b"GET / HTTP/1.1\r\n\r\n" * 3000)
        assert is_served(server, stack)

        assert server.memory_bytes - before_bytes < 48 * MIB


class Fake:
    """A connection for the limits alone. `unsent` is what its client has yet to take."""

    def __init__(self, unsent: int = 0) -> None:
        self.groups: tuple[ConnectionGroup, ...] = ()
        self.unsent = unsent
        self.is_evicted = False

    def unsent_bytes(self) -> int:
        return self.unsent

    def is_unread(self) -> bool:
        return self.unsent > 0

    def check_progress(self, now_s: float) -> None:
        pass

    def evict(self) -> None:
        self.is_evicted = True


def added(limits: Connections, peer: str, *, as_a: str = "") -> Fake:
    """Add a connection, and let it be `new`, `waiting` or `blocked`."""
    connection = Fake(unsent=100)

    async def add() -> ConnectionGroup | None:
        return limits.add(connection, peer)

    assert asyncio.run(add()) is None
    for group in connection.groups:
        if as_a == "new":
            group.new[connection] = None
        elif as_a == "waiting":
            group.waiting[connection] = None
        elif as_a == "blocked":
            group.blocked[connection] = connection.unsent
    return connection


def limits_of(total_max: int = 100, per_address_max: int = 100) -> Connections:
    return Connections(
        total_max=total_max,
        per_address_max=per_address_max,
        stalled_s=1000,
        proxies=parse_networks("192.0.2.0/24"),
    )


def test_blocked_is_evicted_before_waiting_unless_it_progresses() -> None:
    limits = limits_of(total_max=3)
    idle = added(limits, "198.51.100.1", as_a="waiting")
    reading = added(limits, "198.51.100.2", as_a="blocked")
    silent = added(limits, "198.51.100.3", as_a="blocked")
    reading.unsent -= 1

    added(limits, "198.51.100.4")

    assert [connection.is_evicted for connection in (idle, reading, silent)] == [
        False,
        False,
        True,
    ]


def test_reconnecting_address_replaces_few_unread_connections() -> None:
    limits = limits_of(per_address_max=1)
    opened = [Fake(unsent=100) for _ in range(100)]

    async def reconnect() -> list[ConnectionGroup | None]:
        answers = []
        for connection in opened:
            answers.append(limits.add(connection, "198.51.100.1"))
            if answers[-1] is not None:
                limits.remove(connection)
                continue
            for group in connection.groups:
                group.blocked[connection] = connection.unsent
        return answers

    refused = [answer for answer in asyncio.run(reconnect()) if answer is not None]

    assert 15 <= sum(connection.is_evicted for connection in opened) <= 25
    assert len(refused) >= 70


def test_unused_connection_is_evicted_before_a_used_one() -> None:
    limits = limits_of(total_max=2)
    used = added(limits, "198.51.100.1", as_a="waiting")
    unused = added(limits, "198.51.100.2", as_a="new")

    added(limits, "198.51.100.3")

    assert [connection.is_evicted for connection in (used, unused)] == [False, True]


def test_connection_being_served_is_never_closed_for_another() -> None:
    limits = limits_of(total_max=2)
    served = [added(limits, "198.51.100.1"), added(limits, "198.51.100.1")]
    new = Fake()

    async def add() -> ConnectionGroup | None:
        return limits.add(new, "198.51.100.2")

    full = asyncio.run(add())
    assert full is not None
    assert not full.address
    assert not any(connection.is_evicted for connection in served)


@pytest.mark.parametrize(
    ("peers", "is_single_client"),
    [
        (["198.51.100.1"] * 3, True),
        (["::ffff:198.51.100.1", "198.51.100.1", "198.51.100.1"], True),
        (["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::3"], True),
        (["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:3::1"], False),
        (["192.0.2.1"] * 3, False),  # a proxy
        (["::ffff:192.0.2.1"] * 3, False),
        ([""] * 3, False),  # a socket in the file system: a proxy on this machine
    ],
)
def test_address_makes_room_for_itself(peers: list[str], is_single_client: bool) -> None:
    limits = limits_of(per_address_max=2)
    older = added(limits, "203.0.113.9", as_a="waiting")
    first, *_ = (added(limits, peer, as_a="waiting") for peer in peers)

    assert first.is_evicted is is_single_client
    assert not older.is_evicted


def test_closed_connections_leave_nothing_behind() -> None:
    limits = limits_of()
    made = [added(limits, f"2001:db8:{n:x}::1", as_a="blocked") for n in range(1000)][-90:]
    for connection in made:
        limits.remove(connection)

    assert all(
        not group.blocked and not group.waiting
        for connection in made
        for group in connection.groups[:1]
    )


@pytest.mark.long
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("source_count", [1, 6])
def test_honest_client_beside_900_connections_that_read_nothing(
    api: str, settings: Settings, tmp_path: Path, source_count: int
) -> None:
    sources = [f"127.0.1.{n}" for n in range(1, source_count + 1)]
    with target(api, settings, tmp_path) as server:
        attack = hoard_of(server.port, get(server.path) * 50, count=900, sources=sources)
        measured = compare(server.measure, attack)

    assert measured.p99_ratio <= 3, measured
    assert measured.beside.lost == 0, measured
    assert set(measured.beside.statuses) <= {200, 202}, measured
