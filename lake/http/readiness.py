"""Whether the store can be reached: one small question at a time, however many ask."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from lake.errors import StoreUnavailable
from lake.storage import keys
from lake.storage.base import Store

_PATIENCE_S = 5.0  # a store that retries for longer than a probe waits is not ready


class Readiness:
    """Use from one running event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking: asyncio.Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, "readiness")

    async def check(self) -> None:
        """Return if the store answers.

        Raises:
            StoreUnavailable: It does not, or not in time.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().run_in_executor(self._pool, self._ask)
        done, _ = await asyncio.wait({self._asking}, timeout=_PATIENCE_S)
        if not done:
            raise StoreUnavailable(f"the store did not answer within {_PATIENCE_S:g} s")
        await self._asking

    def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> None:
        next(iter(self._store.list(keys.WEBSITES)), None)
