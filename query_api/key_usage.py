"""Last use of API keys, written in the background at most once an hour per key."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from cachetools import FIFOCache

from lake.control import api_keys
from lake.control.api_keys import USED_EVERY_MS, ApiKey
from lake.errors import LakeError
from lake.storage.base import Store
from lake.timestamps import iso

_KEYS_MAX = 10_000  # remembered; of others the record tells
_RETRY_MS = 60_000
_log = structlog.get_logger(__name__)


class KeyUsage:
    """Records the use of keys without delaying or failing a request. Thread-safe."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._due_ms: FIFOCache[str, int] = FIFOCache(_KEYS_MAX)
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "usage")

    def note(self, key: ApiKey) -> None:
        """Record that the key is used now."""
        now_ms = self._now_ms()
        if (key.last_used_at or "") > iso(now_ms - USED_EVERY_MS):
            return
        with self._guard:
            if now_ms < self._due_ms.get(key.key_id, 0):
                return
            self._due_ms[key.key_id] = now_ms + USED_EVERY_MS
        with suppress(RuntimeError):  # the app is shutting down
            self._pool.submit(self._write, key.key_id, now_ms)

    def close(self) -> None:
        """Stop the background thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _write(self, key_id: str, now_ms: int) -> None:
        try:
            api_keys.record_use(self._store, key_id, now_ms=now_ms)
        except LakeError as error:
            _log.warning("last use of a key not written", key_id=key_id, error=str(error))
            with self._guard:
                self._due_ms[key_id] = now_ms + _RETRY_MS
