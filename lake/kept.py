"""What a reader found lately, within a limit of bytes. Knows nothing of what it holds."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

_LOCKS = 64


class Kept:
    """Values by key; those that were not used for the longest time go first. Thread-safe."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._bytes = 0
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._finding = [threading.Lock() for _ in range(_LOCKS)]

    def finding(self, name: Hashable) -> threading.Lock:
        """Return the lock to hold while `name` is looked for, so that many who ask do it once."""
        return self._finding[hash(name) % _LOCKS]

    def get(self, keys: Iterable[Hashable]) -> dict[Hashable, Any]:
        """Return what is kept of these."""
        found = {}
        with self._lock:
            for key in keys:
                item = self._items.get(key)
                if item is not None:
                    self._items.move_to_end(key)
                    found[key] = item[0]
        return found

    def drop(self, is_unwanted: Callable[[Hashable], bool]) -> None:
        """Forget what nobody may ask for again."""
        with self._lock:
            for key in [key for key in self._items if is_unwanted(key)]:
                self._bytes -= self._items.pop(key)[1]

    def put(self, items: Iterable[tuple[Hashable, Any, int]]) -> None:
        """Keep (key, value, its bytes)."""
        with self._lock:
            for key, value, size_bytes in items:
                before = self._items.pop(key, None)
                self._bytes += size_bytes - (before[1] if before else 0)
                self._items[key] = (value, size_bytes)
            while self._bytes > self.bytes_max and self._items:
                self._bytes -= self._items.popitem(last=False)[1][1]
