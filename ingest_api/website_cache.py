"""Cache of websites and tombstones, refreshed in the background so that no upload waits.

An entry in use is read again before it expires. While the store is slow or its threads are busy,
the last value is used, for as long as `lake.control.cache` bridges an outage.

Anybody may ask for any id. Ids that no website has are therefore read by threads of their own, and
an address may ask for a limited number of them. A listing tells which websites exist.
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

_THREADS = 8  # for existing websites
_READS_MAX = 256  # of different websites at once; more pending reads mean that the store is down
_UNKNOWN_THREADS = 2
_UNKNOWN_READS_MAX = 32
_REFRESH_WAIT_S = 0.5  # for an expired entry; then its last value is used
_IDS_MAX = 100_000  # a few MB

T = TypeVar("T")


class WebsiteCache:
    """Websites and tombstones by website id. Use from one running event loop.

    Args:
        clock_s: A clock that never jumps, s.
    """

    def __init__(
        self, store: Store, control: ControlCache, settings: Settings, clock_s: Callable[[], float]
    ) -> None:
        self._existing = _ReadLane("websites", _THREADS, _READS_MAX)
        self._unknown = _ReadLane("unknown-websites", _UNKNOWN_THREADS, _UNKNOWN_READS_MAX)
        self._directory = _WebsiteDirectory(store, settings.control_cache_s, clock_s)
        per_s = settings.ingest_misses_per_s
        self._misses = TokenBuckets(per_s, per_s * BURST_S)
        self._clock_s = clock_s
        refresh_s = settings.control_cache_s / 2
        self._websites = _RefreshingReads[Website](
            control.peek_website, control.last_website, control.refresh_website, refresh_s
        )
        self._tombstones = _RefreshingReads[Tombstones](
            control.peek_tombstones, control.last_tombstones, control.refresh_tombstones, refresh_s
        )

    async def website(self, website_id: str, address: str) -> Website | None:
        """Return the website, None if there is none.

        Args:
            address: The caller's, whose failed lookups are limited.

        Raises:
            StoreUnavailable: It is not cached and cannot be read, or too many are being read.
            TooManyRequests: The address asked for too many ids that do not exist.
        """
        if self._websites.is_known(website_id) or await self._directory.has(website_id):
            return await self._websites.get(website_id, self._existing)
        if wait_s := self._misses.take(client_address.address_group(address), self._clock_s()):
            raise TooManyRequests(
                "too many website ids that nobody has: use the one of the tag", wait_s
            )
        return await self._websites.get(website_id, self._unknown)

    async def tombstones(self, website_id: str) -> Tombstones:
        """Return the tombstones of an existing website.

        Raises:
            StoreUnavailable: They are not cached and cannot be read.
        """
        tombstones = await self._tombstones.get(website_id, self._existing)
        return tombstones or Tombstones(website_id=website_id)

    def close(self) -> None:
        """Stop the threads."""
        for lane in (self._existing, self._unknown, self._directory.lane):
            lane.pool.shutdown(wait=False, cancel_futures=True)


class _ReadLane:
    """Threads, and the number of further reads that may wait for one of them."""

    def __init__(self, name: str, threads: int, reads_max: int) -> None:
        self.pool = ThreadPoolExecutor(threads, name)
        self.free = reads_max


class _RefreshingReads(Generic[T]):
    """Cached values by website id: read once for all who wait, refreshed before they expire."""

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
        """Whether a value is cached, expired or not, or that there is none."""
        return self._peek(name) is not None or self._last(name) is not None

    async def get(self, name: str, lane: _ReadLane) -> T | None:
        cached = self._peek(name)
        if cached is None:
            return await self._read_or_last(name, lane)
        if cached.value is not None and cached.age_s > self._refresh_s:
            self._read(name, lane)
        return cached.value

    async def _read_or_last(self, name: str, lane: _ReadLane) -> T | None:
        last = self._last(name)
        reading = self._read(name, lane)
        if last is None:
            return await asyncio.shield(reading or _refuse())
        if reading is not None:
            await asyncio.wait([reading], timeout=_REFRESH_WAIT_S)
        return reading.result() if reading is not None and reading.done() else last

    def _read(self, name: str, lane: _ReadLane) -> "asyncio.Task[T | None] | None":
        """Start or join a read; None if too many are running."""
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
            task.exception()  # retrieved here, as nobody may wait for a refresh


def _refuse() -> NoReturn:
    raise StoreUnavailable("too many websites are being looked up: try again")


class _WebsiteDirectory:
    """The ids of all websites, listed again from time to time while unknown ids are asked for."""

    def __init__(self, store: Store, refresh_s: float, clock_s: Callable[[], float]) -> None:
        self.lane = _ReadLane("directory", 1, 1)
        self._clock_s = clock_s
        self._refresh_s = refresh_s
        self._listed_s: float | None = None
        self._ids: frozenset[str] = frozenset()
        self._store = store
        self._listing: asyncio.Task[None] | None = None

    async def has(self, website_id: str) -> bool:
        """Whether the last listing contains the website; waits for the first listing."""
        now_s = self._clock_s()
        if self._listing is None and (
            self._listed_s is None or now_s - self._listed_s >= self._refresh_s
        ):
            self._listing = asyncio.get_running_loop().create_task(self._list(now_s))
        if self._listed_s is None and self._listing is not None:
            await asyncio.wait([self._listing], timeout=_REFRESH_WAIT_S)
        return website_id in self._ids

    async def _list(self, now_s: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._ids = await loop.run_in_executor(self.lane.pool, self._read_ids)
        except StoreUnavailable:
            pass  # the last listing is used
        finally:
            self._listed_s = now_s
            self._listing = None

    def _read_ids(self) -> frozenset[str]:
        return frozenset(islice(websites.list_ids(self._store), _IDS_MAX))
