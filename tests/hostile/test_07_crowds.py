"""Connections that come in crowds: addresses take turns, and what is too much is never begun."""

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import uvloop

from lake.http.connections import Connections
from lake.http.listener import Acceptor, listen
from tests.conftest import WAIT_S

pytestmark = pytest.mark.folder

PER_ADDRESS = 60


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as opened:
        yield opened


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def connect(to: socket.socket, source: str, stack: ExitStack) -> socket.socket:
    client = stack.enter_context(socket.socket())
    client.settimeout(WAIT_S)
    client.bind((source, 0))
    client.connect(to.getsockname())
    return client


class Crowd:
    """Source addresses of begun connections, in order. All end once `count` have begun."""

    def __init__(self, count: int) -> None:
        self.sources: list[str] = []
        self.ended = asyncio.Event()
        self._count = count
        self._transports: list[asyncio.Transport] = []

    def add(self, transport: asyncio.Transport) -> None:
        self.sources.append(transport.get_extra_info("peername")[0])
        self._transports.append(transport)
        if len(self.sources) >= self._count:
            for begun_transport in self._transports:
                begun_transport.abort()

    def remove(self, transport: asyncio.Transport) -> None:
        self._transports.remove(transport)
        if not self._transports:
            self.ended.set()


class Begun(asyncio.Protocol):
    """A connection that is only begun."""

    transport: asyncio.Transport

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self._crowd.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.remove(self.transport)


def begun(
    listener: socket.socket, count: int, meanwhile: Callable[[], object] = lambda: None
) -> Sequence[str]:
    """Accept until so many connections are begun; return whose, in their order."""
    limits = Connections(total_max=500, per_address_max=PER_ADDRESS, stalled_s=1000, proxies=())

    async def accept() -> list[str]:
        crowd = Crowd(count)
        acceptor = Acceptor(listener, lambda: Begun(crowd), limits)
        meanwhile()
        try:
            async with asyncio.timeout(WAIT_S):
                await crowd.ended.wait()
        finally:
            acceptor.close()
        return crowd.sources[:count]

    return uvloop.run(accept())


def test_address_behind_a_crowd_is_served_in_its_turn(
    listener: socket.socket, stack: ExitStack
) -> None:
    for _ in range(PER_ADDRESS):
        connect(listener, "127.0.0.2", stack)
    connect(listener, "127.0.0.3", stack)

    assert begun(listener, PER_ADDRESS + 1).index("127.0.0.3") < 5


def test_connections_above_the_address_limit_are_refused(
    listener: socket.socket, stack: ExitStack
) -> None:
    crowd = [connect(listener, "127.0.0.2", stack) for _ in range(3 * PER_ADDRESS)]
    connect(listener, "127.0.0.3", stack)

    whose = begun(listener, PER_ADDRESS)

    assert "127.0.0.3" in whose
    assert whose.count("127.0.0.2") < 2 * PER_ADDRESS
    assert crowd[0].recv(4096).startswith(b"HTTP/1.1 429 ")


def test_connections_wait_while_file_descriptors_are_exhausted(
    listener: socket.socket, stack: ExitStack
) -> None:
    for _ in range(5):
        connect(listener, "127.0.0.2", stack)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def take_files_away() -> None:
        with socket.socket() as probe:
            resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno(), hard))
        asyncio.get_running_loop().call_later(0.1, free)

    try:
        assert begun(listener, 5, take_files_away) == ["127.0.0.2"] * 5
    finally:
        free()


class Exhausted(socket.socket):
    """A listener that accepts one connection; then no file is left."""

    asked = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.asked += 1
        if self.asked > 1:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


def test_exhausted_listener_is_left_alone_for_a_pause(
    listener: socket.socket, stack: ExitStack
) -> None:
    for source in ("127.0.0.2", "127.0.0.3"):
        connect(listener, source, stack)
    exhausted = stack.enter_context(Exhausted(fileno=os.dup(listener.fileno())))
    exhausted.setblocking(False)

    async def accept() -> int:
        crowd = Crowd(1)
        limits = Connections(total_max=100, per_address_max=PER_ADDRESS, stalled_s=60, proxies=())
        acceptor = Acceptor(exhausted, lambda: Begun(crowd), limits)
        async with asyncio.timeout(WAIT_S):
            await crowd.ended.wait()
        for _ in range(100):  # turns of the loop, far less than the pause
            await asyncio.sleep(0)
        acceptor.close()
        return exhausted.asked

    assert uvloop.run(accept()) == 2
