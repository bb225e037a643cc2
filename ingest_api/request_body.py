"""Request bodies: read with a size limit, a deadline and a budget for all of them together.

Nothing here knows what a body holds. Answers that leave a body unread are closed by `finish`.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import Gauge

from lake.errors import BadInput, ChunkTooLarge, LakeError
from lake.settings import Settings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_HOG_RATIO = 3  # times what is free, that one website may hold: the others find some free
_LINGER_S = 1.0  # a client that is still sending needs a moment to see its answer
_LINGER_BYTES_MAX = 4 * 1024 * 1024


class BodyTooSlow(BadInput):
    """A body did not arrive within its deadline."""

    kind = "body-too-slow"

    def __init__(self, deadline_s: float) -> None:
        super().__init__(f"the body took longer than {deadline_s:g} s: send smaller chunks")


class BodyCutShort(BadInput):
    """The client went away in the middle of its body."""

    kind = "body-cut-short"


class Overloaded(LakeError):
    """More bodies are waiting for their answer than the process may hold."""

    kind = "overloaded"


class BodyBudget:
    """Counts the bytes of all bodies that are held, each from its arrival to its answer.

    One website may hold at most so many times what is still free, so that several that take all
    they get leave some to the next (dynamic thresholds: Choudhury and Hahne, 1998).
    """

    def __init__(self, settings: Settings, gauge: Gauge) -> None:
        self._bytes = 0
        self._of: Counter[str] = Counter()
        self._limit_bytes = settings.ingest_waiting_bytes_max
        self._gauge = gauge

    @property
    def held_bytes(self) -> int:
        """How much is held now."""
        return self._bytes

    def admit(self, website_id: str, size_bytes: int) -> None:
        """Let a body pass if there is room for all of it.

        Raises:
            Overloaded: There is not, or its website holds too much of it.
        """
        free_bytes = self._limit_bytes - self._bytes
        is_hog = self._of[website_id] + size_bytes > _HOG_RATIO * free_bytes
        if size_bytes > free_bytes or is_hog:
            raise Overloaded(
                f"{self._bytes} bytes are waiting to be stored, limit is {self._limit_bytes}: "
                "try again later"
            )

    def hold(self, website_id: str, size_bytes: int) -> None:
        """Count bytes that have arrived, or with a negative number those that are answered."""
        self._bytes += size_bytes
        self._of[website_id] += size_bytes
        if not self._of[website_id]:
            del self._of[website_id]
        self._gauge.set(self._bytes)


class RequestBody:
    """One request's body, and what of it is accounted for. `release` when it is answered."""

    def __init__(self, receive: Receive, waiting: BodyBudget, settings: Settings) -> None:
        self._receive = receive
        self._waiting = waiting
        self._bytes_max = settings.chunk_bytes_max
        self._deadline_s = settings.chunk_deadline_s
        self._held_bytes = 0
        self._website_id = ""
        self.is_read = False

    async def read(self, declared_bytes: int | None, website_id: str) -> bytes:
        """Return the whole body.

        Args:
            declared_bytes: Its Content-Length, if it has one.
            website_id: Whose it is.

        Raises:
            ChunkTooLarge: Before reading it, if its length is declared.
            Overloaded: Too much is waiting already; asked before reading, and while reading.
            BodyTooSlow, BodyCutShort.
        """
        if declared_bytes is not None and declared_bytes > self._bytes_max:
            raise ChunkTooLarge(self._bytes_max, inflated=False)
        self._website_id = website_id
        self._waiting.admit(website_id, declared_bytes or 0)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._read()
        except TimeoutError as error:
            raise BodyTooSlow(self._deadline_s) from error

    def record_bytes(self, size_bytes: int) -> None:
        """Account for what was made of the body and is kept until the answer.

        Raises:
            Overloaded: There is no room for it.
        """
        self._waiting.admit(self._website_id, size_bytes)
        self._waiting.hold(self._website_id, size_bytes)
        self._held_bytes += size_bytes

    def release(self) -> None:
        """Forget the body."""
        self._waiting.hold(self._website_id, -self._held_bytes)
        self._held_bytes = 0

    async def discard(self) -> None:
        """Read and drop what still comes, for a moment, so that the answer gets through."""
        dropped_bytes = 0
        try:
            async with asyncio.timeout(_LINGER_S):
                while dropped_bytes < _LINGER_BYTES_MAX:
                    message = await self._receive()
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return
                    dropped_bytes += len(message.get("body", b""))
        except TimeoutError:
            return

    async def _read(self) -> bytes:
        parts: list[bytes] = []
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BodyCutShort("the client went away in the middle of the body")
            part: bytes = message.get("body", b"")
            if self._held_bytes + len(part) > self._bytes_max:
                raise ChunkTooLarge(self._bytes_max, inflated=False)
            self.record_bytes(len(part))
            if not message.get("more_body"):
                self.is_read = True
                return b"".join([*parts, part]) if parts else part
            parts.append(part)
