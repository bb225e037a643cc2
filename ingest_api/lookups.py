"""Websites for a caller that must not wait: known ones at once, others by one read each.

What is in use is read again in the background before what is known of it grows too old, so that
no upload waits for the store. What is believed, and how long, is `lake.control`'s.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from lake.control import Control, Known
from lake.erased import Erased
from lake.errors import StoreUnavailable
from lake.settings import Settings
from lake.websites import Website

_READS_MAX = 256  # of different ids at once; more are invented ids, or the store is down
_THREADS = 4

T = TypeVar("T")


class Lookups:
    """Use from one running event loop."""

    def __init__(self, control: Control, settings: Settings) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "lookups")
        refresh_s = settings.control_cache_s / 2
        self._websites = _Reads[Website](
            control.peek_website, control.refresh_website, self._pool, refresh_s
        )
        self._erased = _Reads[Erased](
            control.peek_erased, control.refresh_erased, self._pool, refresh_s
        )

    async def website(self, website_id: str) -> Website | None:
        """Return the website, None if there is none.

        Raises:
            StoreUnavailable: It is not known and cannot be read, or too many are being read.
        """
        return await self._websites.get(website_id)

    async def erased(self, website_id: str) -> Erased:
        """Return what was erased of a website that there is.

        Raises:
            StoreUnavailable.
        """
        return await self._erased.get(website_id) or Erased(website_id=website_id)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Reads(Generic[T]):
    def __init__(
        self,
        peek: Callable[[str], Known[T] | None],
        refresh: Callable[[str], T | None],
        pool: ThreadPoolExecutor,
        refresh_s: float,
    ) -> None:
        self._peek = peek
        self._refresh = refresh
        self._pool = pool
        self._refresh_s = refresh_s
        self._reading: dict[str, asyncio.Task[T | None]] = {}

    async def get(self, name: str) -> T | None:
        known = self._peek(name)
        if known is None:
            return await asyncio.shield(self._read(name))
        if known.age_s > self._refresh_s and len(self._reading) < _READS_MAX:
            self._read(name)
        return known.value

    def _read(self, name: str) -> "asyncio.Task[T | None]":
        task = self._reading.get(name)
        if task is None:
            if len(self._reading) >= _READS_MAX:
                raise StoreUnavailable("too many websites are being looked up: try again")
            task = asyncio.get_running_loop().create_task(self._read_now(name))
            self._reading[name] = task
            task.add_done_callback(lambda done: self._ended(name, done))
        return task

    async def _read_now(self, name: str) -> T | None:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._refresh, name)

    def _ended(self, name: str, task: "asyncio.Task[T | None]") -> None:
        del self._reading[name]
        if not task.cancelled():
            task.exception()  # a failed refresh is nobody's; whoever waits sees it too
