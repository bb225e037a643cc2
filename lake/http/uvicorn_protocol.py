"""uvicorn's HTTP protocol, with the limits, the deadlines and the errors that it lacks.

uvicorn waits for ever for a request's first and last header (its issue 157) and for a client that
does not read its response, stores a head of any size, parses all pipelined requests at once, drops
a connection that ends within a body without a response, and sends errors in plain text. Here bytes
are counted before they are parsed, and a request is parsed once the one before it is answered.
`lake.http.connections` chooses the connection to close if there are too many. Both services use
it; `make_protocol` sets the limits of each.
"""

import asyncio
import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lake.http.connections import ConnectionGroup, Connections
from lake.http.listener import LINGER_RESET
from lake.http.problem_json import RETRY_STATUSES, TOO_MANY_CONNECTIONS, closing_response

HEAD_BYTES_MAX = 64 * 1024
HEADERS_MAX = 256  # each costs memory beside its bytes; browsers and proxies send about 40
_UNREAD_BYTES_MAX = 2048  # of responses, above which no further pipelined request is begun
_UNREAD_CHECK_S = 0.1
_INT = struct.Struct("i")
_CHUNKED_FEED_BYTES = (
    1024  # of a chunked body, fed at once: bounds the pipelined bytes that are parsed with it
)
_LINGER_S = 1.0  # a client that is still sending needs time to read the error
_HEAD_END = b"\r\n\r\n"


class _HeadTooLarge(Exception):
    """Ends the parsing of a head."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Its client must send a whole head in time, also after each response."""

    head_deadline_s = 20.0
    body_deadline_s: float | None = None  # None: set by the app
    limits: Connections
    groups: tuple[ConnectionGroup, ...] = ()
    _deadline: asyncio.TimerHandle | None = None
    _unparsed = b""  # received before the last response was complete
    _body_left: int | None = 0  # bytes of the body still to come; None: chunked
    _framing_bytes = 0  # parsed since the last head or piece of a body was complete
    _has_ended = False
    _unsent_bytes = 0  # when last checked
    _progress_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for a head. If there are too many connections, one is closed."""
        super().connection_made(transport)
        self._progress_s = self.loop.time()
        full = self.limits.add(self, self.client[0] if self.client else "")
        self._expect_head()
        if full is not None:
            self._refuse(is_one_address=bool(full.address))

    def _refuse(self, *, is_one_address: bool) -> None:
        """Respond that there are too many connections, and close."""
        with suppress(OSError):  # closed with unread bytes, a connection loses its response
            os.read(self.transport.get_extra_info("socket").fileno(), HEAD_BYTES_MAX)
        if is_one_address:
            self._has_ended = True
            self.transport.write(TOO_MANY_CONNECTIONS)
            self.transport.close()
        else:
            self._end(503, "overloaded", "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._stop_waiting()
        self.limits.remove(self)
        self._unparsed = b""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes as far as they belong to the current request."""
        if self._has_ended:
            return
        if self._unparsed or not self._is_wanted():
            self._unparsed += data
            self.flow.pause_reading()
        else:
            self._parse(data)

    def eof_received(self) -> None:
        """Respond to a body that ends before its announced length."""
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self.send_400_response("the body is shorter than its Content-Length says")

    def pause_writing(self) -> None:
        """Record that the client takes its response more slowly than it is made."""
        super().pause_writing()
        for group in self.groups:
            group.blocked[self] = self.unsent_bytes()

    def resume_writing(self) -> None:
        """Record that the client has caught up."""
        super().resume_writing()
        self._unsent_bytes = sys.maxsize  # any later value counts as progress
        for group in self.groups:
            group.blocked.pop(self, None)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add one header, up to `HEADERS_MAX`. Trailers are dropped."""
        if self._body_left is None:
            return
        if len(self.headers) >= HEADERS_MAX:
            raise _HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request to the app, and wait for its body."""
        self._framing_bytes = 0
        self._body_left = _body_bytes(self.headers)
        self._stop_waiting()
        for group in self.groups:
            group.waiting[self] = None
        if self.body_deadline_s is not None:
            self._deadline = self.loop.call_later(self.body_deadline_s, self._end_slow_body)
        super().on_headers_complete()
        if self.parser.get_method() == b"POST":
            self.flow.pause_reading()  # until the app asks for the body

    def on_body(self, body: bytes) -> None:
        """Count the received part of the body."""
        self._framing_bytes = 0
        if self._body_left is not None:
            self._body_left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Cancel the deadline: the app has the whole request."""
        self._framing_bytes = 0
        self._body_left = 0
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Parse the next request, or wait for it."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self.cycle.response_complete:
            self._expect_head()
        self._parse_pipelined()

    def _parse_pipelined(self) -> None:
        """Parse pipelined requests, once the client has read most of the earlier responses."""
        if not self._unparsed or not self._is_wanted() or self.transport.is_closing():
            return
        if self._unread_bytes() > _UNREAD_BYTES_MAX:
            self.loop.call_later(_UNREAD_CHECK_S, self._parse_pipelined)
            return
        held, self._unparsed = self._unparsed, b""
        self._parse(held)

    def _unread_bytes(self) -> int:
        """Return the bytes of responses that the client has not taken, in all buffers."""
        connection = self.transport.get_extra_info("socket")
        queued = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(_INT.size))
        return self.unsent_bytes() + int(_INT.unpack(queued)[0])

    def send_400_response(self, msg: str) -> None:
        """Respond to malformed HTTP, and close."""
        self._end(400, "http-malformed", msg)

    def unsent_bytes(self) -> int:
        """Return the bytes of its responses that the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    def is_unread(self) -> bool:
        """Whether its client has responses to take, or requests more."""
        return bool(self._unparsed or self.unsent_bytes())

    def check_progress(self, now_s: float) -> None:
        """Close the connection if its client took nothing for too long."""
        unsent_bytes = self.unsent_bytes()
        if not unsent_bytes or unsent_bytes < self._unsent_bytes:
            self._progress_s = now_s
        elif now_s - self._progress_s > self.limits.stalled_s:
            self._reset()
        self._unsent_bytes = unsent_bytes

    def evict(self) -> None:
        """Close the connection to make room for another.

        Ordinary clients send their request at once and read: these connections are idle, slow on
        purpose, or opened to fill our buffers.
        """
        cycle = self.cycle
        if self.unsent_bytes():
            self._reset()
        elif self._has_ended or cycle is None or cycle.response_started:
            self.transport.close()
        else:
            self._end(503, "overloaded", "too many connections are open")

    def _reset(self) -> None:
        """Close at once, and let the system drop its unsent bytes instead of resending them."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        self.transport.abort()

    def _is_wanted(self) -> bool:
        """Whether the next bytes are parsed now: none are before the last request is answered."""
        if self.pipeline:
            return False
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def _parse(self, data: bytes) -> None:
        """Feed one head or part of a body at a time, and keep the bytes of later requests."""
        start = 0
        view = memoryview(data)
        while start < len(data) and not self._has_ended and not self.transport.is_closing():
            if not self._is_wanted():
                self._unparsed = data[start:]
                self.flow.pause_reading()
                return
            end = self._next_end(data, start)
            if end == start:
                self._end_large_head()
                return
            self._framing_bytes += end - start
            self._feed(view[start:end])
            start = end

    def _feed(self, data: memoryview) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # to a protocol that we do not speak: answered like any other request
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _HeadTooLarge):
                self._end_large_head()
            else:
                self.send_400_response("Invalid HTTP request received.")

    def _next_end(self, data: bytes, start: int) -> int:
        """Return the end of the bytes to parse, so that they belong to one request."""
        if self._body_left:
            return min(start + self._body_left, len(data))
        end = len(data)
        if self._body_left is None:
            end = min(end, start + _CHUNKED_FEED_BYTES)
        elif (head_end := data.find(_HEAD_END, start)) >= 0:
            end = head_end + len(_HEAD_END)
        return min(end, start + HEAD_BYTES_MAX - self._framing_bytes)

    def _end(self, code: int, kind: str, detail: str) -> None:
        """Respond with an error, RFC 9457, and close.

        Within another response the connection just ends. Further bytes of the client are dropped
        for a moment: closed at once, the connection would be reset before it has read the error.
        """
        self._has_ended = True
        self._unparsed = b""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        self.transport.write(closing_response(code, kind, detail))
        if code in RETRY_STATUSES:
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self._wait(_LINGER_S, self.transport.abort)

    def _end_large_head(self) -> None:
        self._end(
            431,
            "head-too-large",
            f"a head has at most {HEAD_BYTES_MAX} bytes and {HEADERS_MAX} headers, and so many "
            "bytes may stand between the chunks of a body: send fewer, or a shorter URL",
        )

    def _end_slow_body(self) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_started:
            self.transport.close()
        else:
            self._end(408, "body-too-slow", "the body did not come in time")

    def _expect_head(self) -> None:
        self._wait(self.head_deadline_s, self.transport.close)

    def _wait(self, deadline_s: float, give_up: Callable[[], None]) -> None:
        self._stop_waiting()
        for group in self.groups:
            (group.new if self.cycle is None else group.waiting)[self] = None
        self._deadline = self.loop.call_later(deadline_s, give_up)

    def _stop_waiting(self) -> None:
        for group in self.groups:
            group.stop_waiting(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _body_bytes(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """Return the length of a body, None if it is chunked. The parser has validated the headers."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and value.strip().isdigit():
            length = int(value)
    return length


def make_protocol(
    *, head_deadline_s: float, body_deadline_s: float | None, connections: Connections
) -> type[LimitedProtocol]:
    """Return a protocol class with these limits, for uvicorn.

    Args:
        body_deadline_s: How long a body may take; None if the app limits it.
    """
    members: dict[str, object] = {
        "head_deadline_s": head_deadline_s,
        "body_deadline_s": body_deadline_s,
        "limits": connections,
    }
    return type("LimitedProtocol", (LimitedProtocol,), members)
