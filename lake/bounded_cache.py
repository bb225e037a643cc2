"""Thread-safe LRU caches bounded by total bytes, shared fairly among owners.

Where all of it together is too much, the owner who holds most gives way, so that nobody's large
questions evict what others have. Knows nothing of what it holds.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

EVERYBODY = None  # the owner of what all may ask for
_EVERYBODYS_SHARE = 0.5  # of the bytes, before it counts as an owner's


class _Share:
    """What one owner holds."""

    def __init__(self) -> None:
        self.bytes = 0
        self.items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def pop(self, key: Hashable) -> int:
        """Let an item go, if it is there, and return its bytes."""
        size_bytes = self.items.pop(key, (None, 0))[1]
        self.bytes -= size_bytes
        return size_bytes


class BoundedCache:
    """Values by owner and key; those that were not used for the longest time go first."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._bytes = 0
        self._shares: dict[Hashable, _Share] = {}
        self._lock = threading.Lock()
        self._finding: dict[Hashable, tuple[threading.Lock, list[None]]] = {}

    @contextmanager
    def finding(self, name: Hashable) -> Iterator[None]:
        """Hold while `name` is looked for, so that many who ask do it once. Blocks nobody else."""
        with self._lock:
            lock, users = self._finding.setdefault(name, (threading.Lock(), []))
            users.append(None)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                users.pop()
                if not users:
                    del self._finding[name]

    def get(self, keys: Iterable[Hashable], *, owner: Hashable = EVERYBODY) -> dict[Hashable, Any]:
        """Return what is kept of these."""
        result = {}
        with self._lock:
            share = self._shares.get(owner)
            for key in keys if share else ():
                item = share.items.get(key) if share else None
                if share and item is not None:
                    share.items.move_to_end(key)
                    result[key] = item[0]
        return result

    def drop(self, is_unwanted: Callable[[Hashable], bool]) -> None:
        """Forget what nobody may ask for again."""
        with self._lock:
            keys = [(owner, key) for owner, share in self._shares.items() for key in share.items]
        unwanted = [(owner, key) for owner, key in keys if is_unwanted(key)]  # others may go on
        with self._lock:
            for owner, key in unwanted:
                if share := self._shares.get(owner):
                    self._bytes -= share.pop(key)
            self._forget_empty()

    def put(
        self, items: Iterable[tuple[Hashable, Any, int]], *, owner: Hashable = EVERYBODY
    ) -> None:
        """Keep (key, value, its bytes)."""
        with self._lock:
            share = self._shares.setdefault(owner, _Share())
            for key, value, size_bytes in items:
                self._bytes += size_bytes - share.pop(key)
                share.bytes += size_bytes
                share.items[key] = (value, size_bytes)
            while self._bytes > self.bytes_max and self._bytes:
                largest = max(self._shares, key=self._weight)
                self._halve(self._shares[largest])
            self._forget_empty()

    def _weight(self, owner: Hashable) -> float:
        free = self.bytes_max * _EVERYBODYS_SHARE if owner is EVERYBODY else 0
        return self._shares[owner].bytes - free

    def _halve(self, share: _Share) -> None:
        """Let the oldest items go until all fit, but no more than half of them at once."""
        floor = share.bytes // 2
        while self._bytes > self.bytes_max and share.items and share.bytes >= floor:
            self._bytes -= share.pop(next(iter(share.items)))

    def _forget_empty(self) -> None:
        self._shares = {owner: share for owner, share in self._shares.items() if share.items}
