"""What services believe of websites, keys and links: read from the store, remembered for seconds.

A change is seen at most `control_cache_s` later, a revoked key and a website's absence included.
While the store fails, what was known is believed ten times as long. Thread-safe and bounded; names
that nobody has are remembered apart, so that however many are invented, none that exists is pushed
out.
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
_STALE_FACTOR = 10  # an outage of the store is bridged for so many cache times

T = TypeVar("T")


class CachedValue(NamedTuple, Generic[T]):
    """What was read (None: there is none), and how long ago."""

    value: T | None
    age_s: float


class ControlCache:
    """Reads block; `peek_…` and `last_…` never do, for callers that must not wait.

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
            return None  # not remembered: it may be of any length
        return self._websites.get(website_id)

    def peek_website(self, website_id: str) -> CachedValue[Website] | None:
        """Return what is known of the website without reading; None if it must be read."""
        try:
            ids.check_website_id(website_id)
        except IdMalformed:
            return CachedValue(None, 0.0)
        return self._websites.peek(website_id)

    def last_website(self, website_id: str) -> Website | None:
        """Return what the website was, for as long as an outage of the store is bridged."""
        return self._websites.last(website_id)

    def refresh_website(self, website_id: str) -> Website | None:
        """Read the website again, though what is known may still be believed."""
        return self._websites.read(website_id)

    def peek_tombstones(self, website_id: str) -> CachedValue[Tombstones] | None:
        """Return what is known to be erased of a website without reading; None: it must be read."""
        return self._erased.peek(website_id)

    def last_tombstones(self, website_id: str) -> Tombstones | None:
        """Return what was erased, for as long as an outage of the store is bridged."""
        return self._erased.last(website_id)

    def refresh_tombstones(self, website_id: str) -> Tombstones | None:
        """Read what was erased of a website again."""
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
        """Read a key again, though what is known may still be believed."""
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
        """Read a share link again, though what is known may still be believed."""
        return self._shares.read(share_id)


class _Entry(NamedTuple, Generic[T]):
    value: T | None
    read_s: float  # when the store told it
    believed_s: float  # from when on it counts as new; later than read_s in an outage


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
        self._found: FIFOCache[str, _Entry[T]] = FIFOCache(_ENTRIES_MAX)
        self._absent: FIFOCache[str, _Entry[T]] = FIFOCache(_ENTRIES_MAX)
        self._reading: dict[str, Future[T | None]] = {}
        self._stranger_count = 0  # of those that are being read
        self._guard = threading.Lock()

    def peek(self, name: str) -> CachedValue[T] | None:
        entry = self._found.get(name) or self._absent.get(name)
        age_s = self._clock_s() - entry.believed_s if entry is not None else 0.0
        if entry is None or age_s >= self._cache_s:
            return None
        return CachedValue(entry.value, age_s)

    def last(self, name: str) -> T | None:
        entry = self._found.get(name)
        return entry.value if entry is not None and self._is_bridged(entry) else None

    def get(self, name: str) -> T | None:
        """Read what is not known, once for all who ask at the same time."""
        known = self.peek(name)
        if known is not None:
            return known.value
        with self._guard:
            other = self._reading.get(name)
            is_stranger = name not in self._found
            if other is None:
                if is_stranger and self._stranger_count == _UNKNOWN_READS_MAX:
                    raise StoreUnavailable("too many unknown names are looked up: try again")
                self._stranger_count += is_stranger
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
                self._stranger_count -= is_stranger
        return mine.result()

    def read(self, name: str) -> T | None:
        asked_s = self._clock_s()  # what is told is as old as the question
        value: T | None
        try:
            value = self._read(name)
        except self._none_if:
            value = None
        except StoreUnavailable:
            old = self._found.get(name) or self._absent.get(name)
            if old is None or not self._is_bridged(old):
                raise
            # Asked again only after another cache time, so that an outage is not hammered.
            self._keep(name, old._replace(believed_s=self._clock_s()))
            return old.value
        self._keep(name, _Entry(value, asked_s, asked_s))
        return value

    def _is_bridged(self, entry: _Entry[T]) -> bool:
        return self._clock_s() - entry.read_s <= self._cache_s * _STALE_FACTOR

    def _keep(self, name: str, entry: _Entry[T]) -> None:
        entries, others = self._found, self._absent
        if entry.value is None:
            entries, others = others, entries
        with self._guard:
            others.pop(name, None)
            entries[name] = entry
