"""A load generator of raw sockets: prebuilt requests, keep-alive, one process, one core.

`flood` keeps every connection busy; `paced` sends by a timetable whatever the answers do, and
counts latency from when a request was due.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import uvloop

from benchmarks.recorded import Session
from lake import ids

Request = tuple[bytes, bytes]  # head, body
_GIVE_UP_S = 120.0  # for the last answers
_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_HEAD = """POST {path} HTTP/1.1
Host: ingest.example
Connection: keep-alive
Content-Length: {length}
sec-ch-ua-platform: "Windows"
User-Agent: {user_agent}
sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"
Content-Encoding: gzip
Content-Type: text/plain;charset=UTF-8
sec-ch-ua-mobile: ?0
Accept: */*
Origin: https://shop.example
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: no-cors
Sec-Fetch-Dest: empty
Referer: https://shop.example/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: de-DE,de;q=0.9,en;q=0.8

""".replace("\n", "\r\n")
_PATH = "/v1/chunks?website={website}&session={session}&page={page}&seq={seq}&secret={secret}"
_USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


def requests(bodies: Sequence[bytes], website_id: str, now_ms: int) -> Iterator[Request]:
    """Make requests without end, each another chunk, taking the bodies in turns.

    500 sessions send at once, 36 chunks each, then come the next 500.
    """
    number = 0
    while True:
        sessions = [Session(number + i, now_ms - 200_000) for i in range(500)]
        number += len(sessions)
        for seq in range(36):
            for session in sessions:
                body = bodies[(seq + number) % len(bodies)]
                number += 1
                path = _PATH.format(
                    website=website_id,
                    session=session.session_id,
                    page=ids.uuid7(session.began_ms, 1),
                    seq=seq,
                    secret=session.secret,
                )
                head = _HEAD.format(path=path, length=len(body), user_agent=_USER_AGENT)
                yield head.encode(), body


@dataclass
class Result:
    """Responses received. `latencies_s` are of all; `seconds` from first request to the end."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    lost: int = 0

    def rate(self, status: int) -> float:
        """Answers of this status per second."""
        return self.statuses[status] / self.seconds


def flood(port: int, source: Iterator[Request], *, connections: int, seconds: float) -> Result:
    """Send as fast as answers come, over so many connections."""
    return uvloop.run(_flood(port, source, connections, seconds))


def paced(
    port: int, source: Iterator[Request], *, connections: int, seconds: float, rate: float
) -> Result:
    """Send `rate` requests a second, evenly; one that is due while no connection is free waits.

    A connection that the server closed is opened again. What it owed an answer is lost, and so is
    what cannot be sent for two minutes.
    """
    return uvloop.run(_paced(port, source, connections, seconds, rate))


class _Connection(asyncio.Protocol):
    """One request at a time; `answered` is called with its status, or 0 where it got lost."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._buffer = b""
        self.due_s = 0.0
        self.answer: asyncio.Future[int] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.transport = None
        self._finish(0)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(_END)
        if not end:
            return
        at = head.lower().find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0
        if len(rest) >= length:
            self._buffer = b""
            if b"connection: close" in head.lower() and self.transport is not None:
                self.transport.close()
            self._finish(int(head[9:12]))

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent on it."""
        return self.transport is not None and not self.transport.is_closing()

    def send(self, request: Request, due_s: float) -> "asyncio.Future[int]":
        assert self.transport is not None
        self.due_s = due_s
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.writelines(request)
        return self.answer

    def _finish(self, status: int) -> None:
        answer, self.answer = self.answer, None
        if answer is None or answer.done():
            return
        if status:
            self._result.statuses[status] += 1
            self._result.latencies_s.append(time.perf_counter() - self.due_s)
        else:
            self._result.lost += 1
        answer.set_result(status)


async def _open(port: int, result: Result) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(result), "127.0.0.1", port)
    return connection


async def _flood(port: int, source: Iterator[Request], connections: int, seconds: float) -> Result:
    result = Result()
    opened = [await _open(port, result) for _ in range(connections)]
    began = time.perf_counter()
    until = began + seconds

    async def keep_busy(connection: _Connection) -> None:
        while (now := time.perf_counter()) < until:
            if not connection.is_open:
                try:
                    connection = await _open(port, result)
                except OSError:
                    await asyncio.sleep(0.01)
                    continue
            await connection.send(next(source), now)
        if connection.transport is not None:
            connection.transport.close()

    await asyncio.gather(*map(keep_busy, opened))
    result.seconds = time.perf_counter() - began
    return result


async def _paced(
    port: int, source: Iterator[Request], connections: int, seconds: float, rate: float
) -> Result:
    result = Result()
    idle = [await _open(port, result) for _ in range(connections)]
    began = time.perf_counter()
    due = deque(began + i / rate for i in range(int(rate * seconds)))
    open_answers: set[asyncio.Future[int]] = set()

    def back(connection: _Connection, answer: "asyncio.Future[int]") -> None:
        open_answers.discard(answer)
        idle.append(connection)

    while due:
        now = time.perf_counter()
        if now > began + seconds + _GIVE_UP_S:
            result.lost += len(due)
            break
        while due and idle and due[0] <= now:
            connection = idle.pop()
            if not connection.is_open:
                try:
                    connection = await _open(port, result)
                except OSError:
                    idle.append(connection)
                    await asyncio.sleep(0.01)
                    break
            answer = connection.send(next(source), due.popleft())
            open_answers.add(answer)
            answer.add_done_callback(partial(back, connection))
        await asyncio.sleep(max(0.0005, due[0] - now) if due else 0)
    if open_answers:
        _, unanswered = await asyncio.wait(open_answers, timeout=_GIVE_UP_S)
        result.lost += len(unanswered)
    result.seconds = time.perf_counter() - began
    for connection in idle:
        if connection.transport is not None:
            connection.transport.close()
    return result
