"""Readiness probe: list the store, once for all requests that wait for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from lake.errors import StoreUnavailable
from lake.storage import keys
from lake.storage.base import Store

_TIMEOUT_S = 5.0  # as long as a probe waits


class Readiness:
    """Probe of one store. Use from one running event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._probe: asyncio.Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, "readiness")

    async def check(self) -> None:
        """Return if the store can be listed.

        Raises:
            StoreUnavailable: It cannot, or not in time.
        """
        if self._probe is None or self._probe.done():
            self._probe = asyncio.get_running_loop().run_in_executor(self._pool, self._list)
        done, _ = await asyncio.wait({self._probe}, timeout=_TIMEOUT_S)
        if not done:
            raise StoreUnavailable(f"the store did not answer within {_TIMEOUT_S:g} s")
        await self._probe

    def close(self) -> None:
        """Stop the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _list(self) -> None:
        next(iter(self._store.list(keys.WEBSITES)), None)
