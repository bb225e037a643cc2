"""Websites for a caller that must not wait: known ones at once, others by one read each.

A website in use is read again in the background before what is known of it grows too old, so
that no upload waits for the store. What is believed, and how long, is `lake.control`'s.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from lake.control import Control
from lake.errors import StoreUnavailable
from lake.settings import Settings
from lake.websites import Website

_READS_MAX = 256  # of different ids at once; more are invented ids, or the store is down
_THREADS = 4


class Lookups:
    """Use from one running event loop."""

    def __init__(self, control: Control, settings: Settings) -> None:
        self._control = control
        self._refresh_s = settings.control_cache_s / 2
        self._reading: dict[str, asyncio.Task[Website | None]] = {}
        self._pool = ThreadPoolExecutor(_THREADS, "lookups")

    async def website(self, website_id: str) -> Website | None:
        """Return the website, None if there is none.

        Raises:
            StoreUnavailable: It is not known and cannot be read, or too many are being read.
        """
        known = self._control.peek_website(website_id)
        if known is None:
            return await asyncio.shield(self._read(website_id))
        if known.age_s > self._refresh_s and len(self._reading) < _READS_MAX:
            self._read(website_id)
        return known.value

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, website_id: str) -> "asyncio.Task[Website | None]":
        task = self._reading.get(website_id)
        if task is None:
            if len(self._reading) >= _READS_MAX:
                raise StoreUnavailable("too many websites are being looked up: try again")
            task = asyncio.get_running_loop().create_task(self._read_now(website_id))
            self._reading[website_id] = task
            task.add_done_callback(lambda done: self._ended(website_id, done))
        return task

    async def _read_now(self, website_id: str) -> Website | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._control.refresh_website, website_id)

    def _ended(self, website_id: str, task: "asyncio.Task[Website | None]") -> None:
        del self._reading[website_id]
        if not task.cancelled():
            task.exception()  # a failed refresh is nobody's; whoever waits sees it too
