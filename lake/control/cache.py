"""Cache of websites, tombstones, keys and links for services, valid for seconds.

A change is seen at most `control_cache_s` later, also a revoked key and a website that does not
exist. While the store fails, cached values stay valid ten times as long. Thread-safe and bounded.
Names that do not exist are cached apart, so that invented names never evict existing ones.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

from cachetools import FIFOCache

from lake import ids
from lake.control import api_keys, share_links, tombstones, websites
from lake.control.api_keys import ApiKey
from lake.control.share_links import Share
from lake.control.tombstones import Tombstones
from lake.control.websites import Website
from lake.errors import ControlDamaged, IdMalformed, LakeError, Missing, StoreUnavailable
from lake.settings import Settings
from lake.storage.base import Store

_ENTRIES_MAX = 10_000  # a few MB, and as many names that nobody has
_UNKNOWN_READS_MAX = (
    8  # names of which nothing is known that are read at once, for callers who wait
)
_STALE_FACTOR = 10  # cache times for which values stay valid in an outage of the store

T = TypeVar("T")


class CachedValue(NamedTuple, Generic[T]):
    """A cached value (None: there is none), and its age."""

    value: T | None
    age_s: float


class ControlCache:
    """Cached control data. Reads block; `peek_…` and `last_…` never do.

    Args:
        clock_s: A monotonic clock, s.
    """

    def __init__(self, store: Store, settings: Settings, clock_s: Callable[[], float]) -> None:
        self._websites = _Cache[Website](
            lambda website_id: websites.get(store, website_id), settings.control_cache_s, clock_s
        )
        self._erased = _Cache[Tombstones](
            lambda website_id: tombstones.read(store, website_id), settings.control_cache_s, clock_s
        )
        # A key or a link that cannot be read opens nothing.
        self._keys = _Cache[ApiKey](
            lambda key_id: api_keys.get(store, key_id),
            settings.control_cache_s,
            clock_s,
            none_if=(Missing, ControlDamaged),
        )
        self._shares = _Cache[Share](
            lambda share_id: share_links.get(store, share_id),
            settings.control_cache_s,
            clock_s,
            none_if=(Missing, ControlDamaged),
        )

    def website(self, website_id: str) -> Website | None:
        """Return the website, None if there is none.

        Raises:
            StoreUnavailable: It is not known and cannot be read, or too many are being read.
        """
        try:
            ids.check_website_id(website_id)
        except IdMalformed:
            return None  # not cached: it may be of any length
        return self._websites.get(website_id)

    def peek_website(self, website_id: str) -> CachedValue[Website] | None:
        """Return the cached website without reading; None if it must be read."""
        try:
            ids.check_website_id(website_id)
        except IdMalformed:
            return CachedValue(None, 0.0)
        return self._websites.peek(website_id)

    def last_website(self, website_id: str) -> Website | None:
        """Return the last known website, also an outdated one while the store fails."""
        return self._websites.last(website_id)

    def refresh_website(self, website_id: str) -> Website | None:
        """Read the website again, even if the cached one is still valid."""
        return self._websites.read(website_id)

    def peek_tombstones(self, website_id: str) -> CachedValue[Tombstones] | None:
        """Return what is known to be erased of a website without reading; None: it must be read."""
        return self._erased.peek(website_id)

    def last_tombstones(self, website_id: str) -> Tombstones | None:
        """Return the last known tombstones, also outdated ones while the store fails."""
        return self._erased.last(website_id)

    def refresh_tombstones(self, website_id: str) -> Tombstones | None:
        """Read a website's tombstones again."""
        return self._erased.read(website_id)

    def key(self, token: str) -> ApiKey | None:
        """Return the key's record; None if it is unknown, wrong or revoked.

        Raises:
            StoreUnavailable: It is not known and cannot be read.
        """
        key_id = api_keys.key_id_of(token)
        record = self._keys.get(key_id) if key_id is not None else None
        return record if api_keys.verify(record, token) else None

    def refresh_key(self, key_id: str) -> ApiKey | None:
        """Read a key again, even if the cached one is still valid."""
        return self._keys.read(key_id)

    def share(self, token: str) -> Share | None:
        """Return a share link's record, ended or not; None if it is unknown or the token wrong.

        Raises:
            StoreUnavailable: It is not known and cannot be read.
        """
        share_id = share_links.share_id_of(token)
        record = self._shares.get(share_id) if share_id is not None else None
        return record if share_links.verify(record, token) else None

    def refresh_share(self, share_id: str) -> Share | None:
        """Read a share link again, even if the cached one is still valid."""
        return self._shares.read(share_id)


class _Entry(NamedTuple, Generic[T]):
    value: T | None
    read_s: float  # when it was read
    valid_from_s: float  # its age counts from here; later than read_s in an outage


class _Cache(Generic[T]):
    def __init__(
        self,
        read: Callable[[str], T],
        cache_s: float,
        clock_s: Callable[[], float],
        *,
        none_if: tuple[type[LakeError], ...] = (Missing,),
    ) -> None:
        self._read = read
        self._none_if = none_if
        self._cache_s = cache_s
        self._clock_s = clock_s
        self._present: FIFOCache[str, _Entry[T]] = FIFOCache(_ENTRIES_MAX)
        self._absent: FIFOCache[str, _Entry[T]] = FIFOCache(_ENTRIES_MAX)
        self._reading: dict[str, Future[T | None]] = {}
        self._unknown_count = 0  # unknown names that are being read
        self._guard = threading.Lock()

    def peek(self, name: str) -> CachedValue[T] | None:
        entry = self._present.get(name) or self._absent.get(name)
        age_s = self._clock_s() - entry.valid_from_s if entry is not None else 0.0
        if entry is None or age_s >= self._cache_s:
            return None
        return CachedValue(entry.value, age_s)

    def last(self, name: str) -> T | None:
        entry = self._present.get(name)
        return entry.value if entry is not None and self._is_usable(entry) else None

    def get(self, name: str) -> T | None:
        """Read what is not cached, once for all concurrent callers."""
        cached = self.peek(name)
        if cached is not None:
            return cached.value
        with self._guard:
            other = self._reading.get(name)
            is_unknown = name not in self._present
            if other is None:
                if is_unknown and self._unknown_count == _UNKNOWN_READS_MAX:
                    raise StoreUnavailable("too many unknown names are looked up: try again")
                self._unknown_count += is_unknown
                mine = self._reading[name] = Future[T | None]()
        if other is not None:
            return other.result()
        try:
            mine.set_result(self.read(name))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._guard:
                del self._reading[name]
                self._unknown_count -= is_unknown
        return mine.result()

    def read(self, name: str) -> T | None:
        begun_s = self._clock_s()  # the value may be as old as the request
        value: T | None
        try:
            value = self._read(name)
        except self._none_if:
            value = None
        except StoreUnavailable:
            old = self._present.get(name) or self._absent.get(name)
            if old is None or not self._is_usable(old):
                raise
            # Read again only after another cache time, to spare a failing store.
            self._store_entry(name, old._replace(valid_from_s=self._clock_s()))
            return old.value
        self._store_entry(name, _Entry(value, begun_s, begun_s))
        return value

    def _is_usable(self, entry: _Entry[T]) -> bool:
        return self._clock_s() - entry.read_s <= self._cache_s * _STALE_FACTOR

    def _store_entry(self, name: str, entry: _Entry[T]) -> None:
        entries, others = self._present, self._absent
        if entry.value is None:
            entries, others = others, entries
        with self._guard:
            others.pop(name, None)
            entries[name] = entry
