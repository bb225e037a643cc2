"""An attacker: a coroutine in a thread of its own, from an address that no honest visitor has.

It is ended, with its sockets, when the turn is over. Whatever the server does to it (4xx, 429, a
closed socket, a refused connection) is counted and never an error: tomorrow's server may refuse
what today's takes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import uvloop

ADDRESS = ("127.0.0.2", 0)  # limits by address shall hit the attacker alone
_PAUSE_S = 0.2  # after a refusal
_HEAD_BYTES_MAX = 64 * 1024

Outcomes = Counter[str]  # the attacker's requests by outcome: status, or "lost"
Attack = Callable[[Outcomes], Coroutine[Any, Any, None]]


@contextmanager
def attacking(attack: Attack, outcomes: Outcomes, *, budget_s: float) -> Iterator[None]:
    """Run an attack until the end of the block; it sends nothing more after `budget_s`.

    The budget ends what an honest visitor waits for: a server that one request blocks for half a
    minute would serve him for ever only between two of them.
    """
    loop = uvloop.new_event_loop()
    stopped = asyncio.Event()

    async def bounded() -> None:
        waiter = asyncio.create_task(stopped.wait())
        attacker = asyncio.create_task(attack(outcomes))
        both = (attacker, waiter)
        await asyncio.wait(both, timeout=budget_s, return_when=asyncio.FIRST_COMPLETED)
        attacker.cancel()
        await waiter
        with suppress(asyncio.CancelledError):
            await attacker

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(bounded())

    with ThreadPoolExecutor(1, "attacker") as pool:
        ended = pool.submit(run)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stopped.set)
            ended.result()


class Client:
    """One connection, one request at a time; opened again where it got lost."""

    def __init__(self, port: int, outcomes: Outcomes) -> None:
        self._port = port
        self._outcomes = outcomes
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> int:
        """Send a request, return its answer's status, 0 if there was none. Waits if refused."""
        status, is_last = 0, True
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(
                    "127.0.0.1", self._port, local_addr=ADDRESS, limit=_HEAD_BYTES_MAX
                )
            reader, writer = self._streams
            writer.write(request)
            status, is_last = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            if is_last:
                self.close()
        self._outcomes[str(status) if status else "lost"] += 1
        if status not in (200, 202, 204):
            await asyncio.sleep(_PAUSE_S)
        return status

    def close(self) -> None:
        """Close it, whatever was on its way."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def post(path: str, body: bytes) -> bytes:
    """Return an upload of gzipped events from the origin https://shop.example."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: ingest.example\r\nOrigin: https://shop.example\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, separator, rest = head.partition(b"content-length:")
    await reader.readexactly(int(rest.split(b"\r", 1)[0]) if separator else 0)
    return int(head[9:12]), b"connection: close" in head
