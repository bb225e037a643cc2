"""Read request bodies with a size limit, a deadline and a memory budget for all of them.

After a response that leaves a body unread, `RequestBody.discard` drops the rest for a moment, so
that the client can read the response.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import Gauge

from lake.errors import BadInput, ChunkTooLarge, LakeError
from lake.settings import Settings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_WEBSITE_RATIO = 3  # of the free bytes, that one website may hold: leaves some to the next
_LINGER_S = 1.0  # a client that is still sending needs time to read the response
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
    """The process holds as many bytes of waiting bodies as it may."""

    kind = "overloaded"


class BodyBudget:
    """Memory budget of all bodies, each from its arrival to its response.

    One website may hold at most `_WEBSITE_RATIO` times the bytes that are free, so that websites
    that take all they get leave some to the next (dynamic thresholds: Choudhury and Hahne, 1998).
    """

    def __init__(self, settings: Settings, gauge: Gauge) -> None:
        self._bytes = 0
        self._by_website: Counter[str] = Counter()
        self._limit_bytes = settings.ingest_waiting_bytes_max
        self._gauge = gauge

    @property
    def held_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def admit(self, website_id: str, size_bytes: int) -> None:
        """Let bytes pass if there is room for all of them.

        Raises:
            Overloaded: There is no room, or the website holds too much of it.
        """
        free_bytes = self._limit_bytes - self._bytes
        is_above_share = self._by_website[website_id] + size_bytes > _WEBSITE_RATIO * free_bytes
        if size_bytes > free_bytes or is_above_share:
            raise Overloaded(
                f"{self._bytes} bytes are waiting to be stored, limit is {self._limit_bytes}: "
                "try again later"
            )

    def hold(self, website_id: str, size_bytes: int) -> None:
        """Count bytes that arrived; a negative number releases them."""
        self._bytes += size_bytes
        self._by_website[website_id] += size_bytes
        if not self._by_website[website_id]:
            del self._by_website[website_id]
        self._gauge.set(self._bytes)


class RequestBody:
    """The body of one request, and its bytes in the budget until `release`."""

    def __init__(self, receive: Receive, budget: BodyBudget, settings: Settings) -> None:
        self._receive = receive
        self._budget = budget
        self._bytes_max = settings.chunk_bytes_max
        self._deadline_s = settings.chunk_deadline_s
        self._held_bytes = 0
        self._website_id = ""
        self.is_read = False

    async def read(self, declared_bytes: int | None, website_id: str) -> bytes:
        """Return the whole body.

        Args:
            declared_bytes: Its Content-Length, if it has one.
            website_id: The website whose share of the budget it takes.

        Raises:
            ChunkTooLarge: Before reading it, if its length is declared.
            Overloaded: The budget is used up; checked before and while reading.
            BodyTooSlow, BodyCutShort.
        """
        if declared_bytes is not None and declared_bytes > self._bytes_max:
            raise ChunkTooLarge(self._bytes_max, inflated=False)
        self._website_id = website_id
        self._budget.admit(website_id, declared_bytes or 0)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._read()
        except TimeoutError as error:
            raise BodyTooSlow(self._deadline_s) from error

    def record_bytes(self, size_bytes: int) -> None:
        """Count further bytes that are held until the response, such as the facts of a chunk.

        Raises:
            Overloaded: There is no room for them.
        """
        self._budget.admit(self._website_id, size_bytes)
        self._budget.hold(self._website_id, size_bytes)
        self._held_bytes += size_bytes

    def release(self) -> None:
        """Return the bytes to the budget."""
        self._budget.hold(self._website_id, -self._held_bytes)
        self._held_bytes = 0

    async def discard(self) -> None:
        """Read and drop the rest of the body for a moment, so that the response is not lost."""
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
