"""Open a port and accept its connections, addresses in turn.

An event loop accepts all waiting connections before it serves any of them: a thousand from one
address delay all other clients. Here addresses take turns, one connection begins at a time, and
connections above the limit of an address are refused before anything is allocated for them.
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

_RECEIVE_BYTES = 32 * 1024  # of one connection, in the system's receive buffer
_UNSENT_BYTES = 64 * 1024  # of a response, in the system's send buffer
_BACKLOG = 2048  # connections that wait in the system while the process is busy
_ACCEPTED_AT_ONCE = 64
_CROWD = 16  # pending connections of one address, above which others are served in between
_CROWD_PAUSE_S = 0.003
_NO_FILES_S = 0.5  # without free files, before accepting again
PENDING_MAX = 256  # accepted, not begun; further ones wait in the backlog
LINGER_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: unsent bytes are dropped


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Connections inherit its buffers. They bound the bytes that many connections can send before
    any of them is read, and those of answers that a client does not read.

    Raises:
        OSError: The address is taken, or not of this machine.
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
    """uvicorn's server, accepting connections with addresses in turn.

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
        """Stop accepting, answer open requests, and stop the app."""
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
        listener: Open and non-blocking. The caller closes it.
        protocol: Returns the protocol of a new connection.
        connections: Groups connections by address, and limits each group.
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
        self._pause: asyncio.TimerHandle | None = None  # until there may be files again
        self._is_listening = False
        self._is_closed = False
        self._listen()

    def close(self) -> None:
        """Stop accepting, and reset the connections that were not begun."""
        self._is_closed = True
        self._stop_listening()
        for timer in (self._turn, self._pause):
            if timer is not None:
                timer.cancel()
        while self._pending:
            _reset(self._next())

    def _listen(self) -> None:
        if not self._is_listening and self._pause is None and not self._is_closed:
            self._is_listening = True
            self._loop.add_reader(self._listener, self._accept)

    def _stop_listening(self) -> None:
        if self._is_listening:
            self._is_listening = False
            self._loop.remove_reader(self._listener)

    def _resume(self) -> None:
        self._pause = None
        self._listen()

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
                self._pause = self._loop.call_later(_NO_FILES_S, self._resume)
                break
            self._enqueue(accepted, str(peer[0]))
        self._schedule()

    def _schedule(self) -> None:
        if self._pending and self._turn is None:
            is_crowd = all(len(mine) > _CROWD for mine in self._pending.values())
            self._turn = self._loop.call_later(_CROWD_PAUSE_S if is_crowd else 0, self._begin)

    def _enqueue(self, accepted: socket.socket, peer: str) -> None:
        key = self._connections.key(peer)
        mine = self._pending.setdefault(key, deque())
        accepted.setblocking(False)
        mine.append(accepted)
        if len(mine) > self._connections.limit(key):
            _refuse(mine.popleft())  # the newest may be another visitor
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
        accepted = mine.popleft()
        self._pending_count -= 1
        if mine:
            self._pending.move_to_end(key)
        else:
            del self._pending[key]
        return accepted

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted)
        except OSError:  # its client has disconnected
            accepted.close()


def _refuse(accepted: socket.socket) -> None:
    """Respond and close. Its request is read first: unread bytes would reset the connection."""
    with suppress(OSError):
        accepted.send(TOO_MANY_CONNECTIONS)
        accepted.recv(_RECEIVE_BYTES)
    accepted.close()


def _reset(accepted: socket.socket) -> None:
    with suppress(OSError):
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    accepted.close()
