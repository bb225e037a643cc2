"""Websites for a caller that must not wait: known ones at once, others by one read each.

What is in use is read again in the background before what is known of it grows too old, so that
no upload waits for the store; while the store is slow or its threads are busy, what was known
stands, for as long as `lake.control.cache` bridges an outage.

Anybody may ask for any id. So those that no website has get threads of their own, and each address
may ask for so many of them; which websites there are is learned by a listing.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Generic, NoReturn, TypeVar

from ingest_api.fair_share import BURST_S
from lake.control import websites
from lake.control.cache import CachedValue, ControlCache
from lake.control.tombstones import Tombstones
from lake.control.websites import Website
from lake.errors import StoreUnavailable, TooManyRequests
from lake.http.token_buckets import TokenBuckets
from lake.ingest import client_address
from lake.settings import Settings
from lake.storage.base import Store

_THREADS = 8  # of websites that there are
_READS_MAX = 256  # of different ones at once; more, and the store is down
_STRANGER_THREADS = 2
_STRANGER_READS_MAX = 32
_PATIENCE_S = 0.5  # for what is news of a website; then what was known stands
_IDS_MAX = 100_000  # a few MB

T = TypeVar("T")


class WebsiteCache:
    """Use from one running event loop.

    Args:
        clock_s: A clock that never jumps.
    """

    def __init__(
        self, store: Store, control: ControlCache, settings: Settings, clock_s: Callable[[], float]
    ) -> None:
        self._known = _ReadLane("lookups", _THREADS, _READS_MAX)
        self._strangers = _ReadLane("strangers", _STRANGER_THREADS, _STRANGER_READS_MAX)
        self._directory = _WebsiteDirectory(store, settings.control_cache_s, clock_s)
        per_s = settings.ingest_misses_per_s
        self._misses = TokenBuckets(per_s, per_s * BURST_S)
        self._clock_s = clock_s
        refresh_s = settings.control_cache_s / 2
        self._websites = _RefreshingReads[Website](
            control.peek_website, control.last_website, control.refresh_website, refresh_s
        )
        self._erased = _RefreshingReads[Tombstones](
            control.peek_tombstones, control.last_tombstones, control.refresh_tombstones, refresh_s
        )

    async def website(self, website_id: str, address: str) -> Website | None:
        """Return the website, None if there is none.

        Args:
            address: Who asks.

        Raises:
            StoreUnavailable: It is not known and cannot be read, or too many are being read.
            TooManyRequests: The address has asked for too many that there are not.
        """
        if self._websites.is_known(website_id) or await self._directory.has(website_id):
            return await self._websites.get(website_id, self._known)
        if wait_s := self._misses.take(client_address.address_group(address), self._clock_s()):
            raise TooManyRequests(
                "too many website ids that nobody has: use the one of the tag", wait_s
            )
        return await self._websites.get(website_id, self._strangers)

    async def erased(self, website_id: str) -> Tombstones:
        """Return what was erased of a website that there is.

        Raises:
            StoreUnavailable.
        """
        found = await self._erased.get(website_id, self._known)
        return found or Tombstones(website_id=website_id)

    def close(self) -> None:
        """Let the threads end."""
        for lane in (self._known, self._strangers, self._directory.lane):
            lane.pool.shutdown(wait=False, cancel_futures=True)


class _ReadLane:
    """Threads, and how many more reads may wait for one of them."""

    def __init__(self, name: str, threads: int, reads_max: int) -> None:
        self.pool = ThreadPoolExecutor(threads, name)
        self.free = reads_max


class _RefreshingReads(Generic[T]):
    def __init__(
        self,
        peek: Callable[[str], CachedValue[T] | None],
        last: Callable[[str], T | None],
        refresh: Callable[[str], T | None],
        refresh_s: float,
    ) -> None:
        self._peek = peek
        self._last = last
        self._refresh = refresh
        self._refresh_s = refresh_s
        self._reading: dict[str, asyncio.Task[T | None]] = {}

    def is_known(self, name: str) -> bool:
        """Tell whether something is known of it, be it that there is none."""
        return self._peek(name) is not None or self._last(name) is not None

    async def get(self, name: str, lane: _ReadLane) -> T | None:
        known = self._peek(name)
        if known is None:
            return await self._news(name, lane)
        if known.value is not None and known.age_s > self._refresh_s:
            self._read(name, lane)
        return known.value

    async def _news(self, name: str, lane: _ReadLane) -> T | None:
        old = self._last(name)
        reading = self._read(name, lane)
        if old is None:
            return await asyncio.shield(reading or _refuse())
        if reading is not None:
            await asyncio.wait([reading], timeout=_PATIENCE_S)
        return reading.result() if reading is not None and reading.done() else old

    def _read(self, name: str, lane: _ReadLane) -> "asyncio.Task[T | None] | None":
        """Begin to read, or join who does; None: too many are being read."""
        task = self._reading.get(name)
        if task is None and lane.free:
            lane.free -= 1
            task = asyncio.get_running_loop().create_task(self._read_now(name, lane))
            self._reading[name] = task
            task.add_done_callback(lambda done: self._ended(name, lane, done))
        return task

    async def _read_now(self, name: str, lane: _ReadLane) -> T | None:
        return await asyncio.get_running_loop().run_in_executor(lane.pool, self._refresh, name)

    def _ended(self, name: str, lane: _ReadLane, task: asyncio.Task[T | None]) -> None:
        lane.free += 1
        del self._reading[name]
        if not task.cancelled():
            task.exception()  # a failed refresh is nobody's; whoever waits sees it too


def _refuse() -> NoReturn:
    raise StoreUnavailable("too many websites are being looked up: try again")


class _WebsiteDirectory:
    """The ids of all websites, listed again now and then for as long as there are strangers."""

    def __init__(self, store: Store, refresh_s: float, clock_s: Callable[[], float]) -> None:
        self.lane = _ReadLane("directory", 1, 1)
        self._clock_s = clock_s
        self._refresh_s = refresh_s
        self._listed_s: float | None = None
        self._ids: frozenset[str] = frozenset()
        self._store = store
        self._listing: asyncio.Task[None] | None = None

    async def has(self, website_id: str) -> bool:
        """Tell whether the website was there at the last listing; the first is waited for."""
        now_s = self._clock_s()
        if self._listing is None and (
            self._listed_s is None or now_s - self._listed_s >= self._refresh_s
        ):
            self._listing = asyncio.get_running_loop().create_task(self._list(now_s))
        if self._listed_s is None and self._listing is not None:
            await asyncio.wait([self._listing], timeout=_PATIENCE_S)
        return website_id in self._ids

    async def _list(self, now_s: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._ids = await loop.run_in_executor(self.lane.pool, self._ids_now)
        except StoreUnavailable:
            pass  # the last listing stands
        finally:
            self._listed_s = now_s
            self._listing = None

    def _ids_now(self) -> frozenset[str]:
        return frozenset(islice(websites.list_ids(self._store), _IDS_MAX))
