"""uvicorn's HTTP protocol, with the deadline and the errors that it lacks.

uvicorn waits for ever for a request's first and last header (its issue 157), drops a connection
that ends in the middle of a body without an answer, and words its errors in plain text. It also
has no answer to many connections that say nothing: here the one that was waited for longest goes.
Both services are served by it; `protocol` sets the limits of each.
"""

import asyncio
import resource
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lake.problems import MEDIA_TYPE, RETRIED, problem_json, retry_after


class Protocol(HttpToolsProtocol):
    """One connection. It must bring a whole head in time, at its start and after each answer."""

    head_deadline_s = 20.0
    body_deadline_s: float | None = None  # None: the app has its own
    connections_max = 768
    waited_for: dict["Protocol", None]  # whose head or body is to come, the longest wait first
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head. If there are too many connections, one has to go."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self.connections_max and not self._close_another():
            self._end(503, "overloaded", "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Answer a body that ends before its announced length."""
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self.send_400_response("the body is shorter than its Content-Length says")

    def on_headers_complete(self) -> None:
        """Hand the request over, and wait for its body."""
        self._stop_waiting()
        self.waited_for[self] = None
        if self.body_deadline_s is not None:
            self._deadline = self.loop.call_later(self.body_deadline_s, self._end_slow_body)
        super().on_headers_complete()
        if self.parser.get_method() == b"POST":
            self.flow.pause_reading()  # until the app asks for the body

    def on_message_complete(self) -> None:
        """Wait for nothing: it is our turn."""
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next head, unless it is here already."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._expect_head()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        self._end(400, "http-malformed", msg)

    def _end(self, code: int, kind: str, detail: str) -> None:
        """Answer with an error, RFC 9457, and close."""
        body = problem_json(code, kind, detail)
        head = (
            f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\n"
        )
        if code in RETRIED:
            head += f"retry-after: {retry_after()}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def _end_slow_body(self) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_started:
            self.transport.close()
        else:
            self._end(408, "body-too-slow", "the body did not come in time")

    def _close_another(self) -> bool:
        """End the connection that was waited for longest; False if all the others wait for us.

        Honest clients say what they have to say at once: these are idle ones, and slow-lorises.
        """
        other = next(iter(self.waited_for))
        if other is self:
            return False
        del self.waited_for[other]
        cycle = other.cycle
        if cycle is None or cycle.response_started:
            other.transport.close()
        else:
            other._end(503, "overloaded", "too many connections are open")
        return True

    def _expect_head(self) -> None:
        self._stop_waiting()
        self.waited_for[self] = None
        self._deadline = self.loop.call_later(self.head_deadline_s, self.transport.close)

    def _stop_waiting(self) -> None:
        self.waited_for.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def connections_within_files(wanted: int, own_files: int) -> int:
    """Allow as many open files as the system lets us; return how many connections leave enough.

    Args:
        own_files: What the process needs beside its connections.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, hard - own_files))


def protocol(
    *, head_deadline_s: float, body_deadline_s: float | None, connections_max: int
) -> type[Protocol]:
    """Return the protocol with these limits, for uvicorn to make connections of.

    Args:
        body_deadline_s: How long a body may take; None where the app sees to it.
    """
    limits: dict[str, object] = {
        "head_deadline_s": head_deadline_s,
        "body_deadline_s": body_deadline_s,
        "connections_max": connections_max,
        "waited_for": {},
    }
    return type("Protocol", (Protocol,), limits)
