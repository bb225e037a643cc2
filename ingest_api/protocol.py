"""uvicorn's HTTP protocol, with the deadline and the errors that it lacks.

uvicorn waits for ever for a request's first and last header (its issue 157), drops a connection
that ends in the middle of a body without an answer, and words its errors in plain text.
"""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ingest_api.answers import Answer, problem_answer
from lake.settings import Settings


class Protocol(HttpToolsProtocol):
    """One connection. It must bring a whole head in time, at its start and after each answer."""

    head_deadline_s = 20.0
    connections_max = 768
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head. If there are too many connections, an idle one has to go."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self.connections_max and not self._close_an_idle_one():
            self._end(problem_answer(503, "overloaded", "too many connections are open", {}))

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
        """Hand the request over; from here on its deadlines are the app's."""
        self._stop_waiting()
        super().on_headers_complete()
        if self.parser.get_method() == b"POST":
            self.flow.pause_reading()  # until the app asks for the body

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._expect_head()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        self._end(problem_answer(400, "http-malformed", msg, {}))

    def _end(self, answer: Answer) -> None:
        status = HTTPStatus(answer.status)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [name + b": " + value for name, value in answer.headers]
        lines += [b"connection: close", b"", answer.body]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()

    def _close_an_idle_one(self) -> bool:
        """End a connection that was answered and has not asked again; False if there is none."""
        for other in self.connections:
            assert isinstance(other, Protocol)
            cycle = other.cycle
            if cycle is not None and cycle.response_complete and not other.transport.is_closing():
                other.transport.close()
                return True
        return False

    def _expect_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.head_deadline_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def protocol(settings: Settings) -> type[Protocol]:
    """Return the protocol with these limits, for uvicorn to make connections of."""
    limits = {
        "head_deadline_s": settings.chunk_deadline_s,
        "connections_max": settings.ingest_connections_max,
    }
    return type("Protocol", (Protocol,), limits)
