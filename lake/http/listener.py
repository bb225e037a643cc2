"""Opens a port and accepts its connections in turn by address.

An event loop accepts all connections that wait before it serves any of them, so that a thousand
from one address delay everybody by what it takes to begin a thousand. Here the addresses that
connect take turns, one connection begins at a time, and those beyond what an address may hold are
refused before anything is made for them.
"""

import asyncio
import socket
import struct
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from lake.http.connections import Connections
from lake.http.problem_json import TOO_MANY_CONNECTIONS

_RECEIVE_BYTES = 32 * 1024  # of one connection, that the system may hand us at once
_UNSENT_BYTES = 64 * 1024  # of an answer, that the system takes ahead of what it can send
_BACKLOG = 2048  # connections that the system completes for us during a hiccup
_ACCEPTED_AT_ONCE = 64
_CROWD = 16  # connections that one address makes at once: others are served between them
_CROWD_PAUSE_S = 0.003
_NO_FILES_S = 0.5  # before another try to accept
PENDING_MAX = 256  # accepted and not begun; more wait in the system's backlog
LINGER_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: what is unsent is dropped


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Connections inherit its buffers. They bound the bytes that many connections can send before
    any of them is read, and those of answers that a client does not read.

    Raises:
        OSError: The address is taken, or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server(
        (host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=False
    )
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    with suppress(AttributeError, OSError):  # another system
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    return listener


class Server(uvicorn.Server):
    """uvicorn's server, with connections accepted in turn by address.

    Args:
        config: Its protocol is one that `lake.http.uvicorn_protocol.protocol` made.
        listener: The open port.
        connections: The limits of that protocol.
    """

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, connections: Connections
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._connections = connections
        self._acceptor: Acceptor | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Start the app, then accept connections."""
        await super().startup(sockets=[])
        if not self.should_exit:
            self._acceptor = Acceptor(self._listener, self._protocol, self._connections)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Accept no more connections, answer those that are open, and stop the app."""
        if self._acceptor is not None:
            self._acceptor.close()
        self._listener.close()
        await super().shutdown(sockets=[])

    def _protocol(self) -> asyncio.Protocol:
        made = self.config.http_protocol_class(
            config=self.config,  # type: ignore[call-arg]
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        assert isinstance(made, asyncio.Protocol)
        return made


class Acceptor:
    """Accepts the connections of a listener, from the running event loop, until it is closed.

    Args:
        listener: Open and non-blocking. It stays the caller's to close.
        protocol: Makes the protocol of a connection.
        connections: Tells whose a connection is, and how many are accepted for one address.
    """

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.BaseProtocol],
        connections: Connections,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._protocol = protocol
        self._connections = connections
        self._pending: OrderedDict[str, deque[socket.socket]] = OrderedDict()  # whose turn is next
        self._pending_count = 0
        self._beginning: set[asyncio.Task[object]] = set()
        self._turn: asyncio.TimerHandle | None = None
        self._is_listening = False
        self._is_closed = False
        self._listen()

    def close(self) -> None:
        """Accept no more, and reset what was not begun."""
        self._is_closed = True
        self._stop_listening()
        if self._turn is not None:
            self._turn.cancel()
        while self._pending:
            _reset(self._next())

    def _listen(self) -> None:
        if not self._is_listening and not self._is_closed:
            self._is_listening = True
            self._loop.add_reader(self._listener, self._accept)

    def _stop_listening(self) -> None:
        if self._is_listening:
            self._is_listening = False
            self._loop.remove_reader(self._listener)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            if self._pending_count >= PENDING_MAX:
                self._stop_listening()
                break
            try:
                accepted, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                break
            except OSError:  # no file is left
                self._stop_listening()
                self._loop.call_later(_NO_FILES_S, self._listen)
                break
            self._hold(accepted, str(peer[0]))
        self._schedule()

    def _schedule(self) -> None:
        if self._pending and self._turn is None:
            is_crowd = all(len(mine) > _CROWD for mine in self._pending.values())
            self._turn = self._loop.call_later(_CROWD_PAUSE_S if is_crowd else 0, self._begin)

    def _hold(self, accepted: socket.socket, peer: str) -> None:
        key = self._connections.key(peer)
        mine = self._pending.setdefault(key, deque())
        accepted.setblocking(False)
        mine.append(accepted)
        if len(mine) > self._connections.limit(key):
            _refuse(mine.popleft())  # the newest may be another visitor of the same address
        else:
            self._pending_count += 1

    def _begin(self) -> None:
        """Begin one connection, then let the loop serve before the next one."""
        self._turn = None
        if self._pending:
            begun = self._loop.create_task(self._serve(self._next()))
            self._beginning.add(begun)
            begun.add_done_callback(self._beginning.discard)
        self._listen()
        self._schedule()

    def _next(self) -> socket.socket:
        key, mine = next(iter(self._pending.items()))
        one = mine.popleft()
        self._pending_count -= 1
        if mine:
            self._pending.move_to_end(key)
        else:
            del self._pending[key]
        return one

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted)
        except OSError:  # its client is gone
            accepted.close()


def _refuse(accepted: socket.socket) -> None:
    """Answer and close. What it sent is read before: unread, it would turn the end to a reset."""
    with suppress(OSError):
        accepted.send(TOO_MANY_CONNECTIONS)
        accepted.recv(_RECEIVE_BYTES)
    accepted.close()


def _reset(accepted: socket.socket) -> None:
    with suppress(OSError):
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    accepted.close()
