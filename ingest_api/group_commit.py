"""Many chunks, one durable write: chunks wait a moment for company, then are answered together.

A batch is written when nothing is being written and `linger_ms` passed since its first
chunk, or when it holds `segment_bytes_max`. What is written is `lake.appending`'s. Belongs to one
event loop; the writes themselves run in threads.
"""

import asyncio
import copy
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from ingest_api.metrics import Metrics
from lake import appending
from lake.errors import StoreUnavailable
from lake.facts import ChunkFacts
from lake.segments import Arrival
from lake.settings import Settings
from lake.store import Store

_WRITERS_MAX = 2  # the second only for full batches: one object's latency must not cap throughput
_log = structlog.get_logger(__name__)


Commit = asyncio.Future[StoreUnavailable | None]


async def durable(commit: Commit) -> None:
    """Return once the commit's chunks are durable. A caller that goes away harms no other.

    Raises:
        StoreUnavailable: The write failed; whether it landed is unknown.
    """
    error = await asyncio.shield(commit)
    if error is not None:
        raise copy.copy(error)  # one instance raised by every waiter would pile up tracebacks


def kept_bytes(facts: ChunkFacts) -> int:
    """Return about how much a chunk's small columns hold; a chunk may name hundreds of pages."""
    users = sum(map(len, facts.user_ids))
    return users + sum(len(view.url) + len(view.title) for view in facts.views)


class _Batch:
    def __init__(self, done: Commit) -> None:
        self.arrivals: list[Arrival] = []
        self.kept_bytes = 0
        self.payload_bytes = 0
        self.is_due = False
        self.done = done


class GroupCommit:
    """Appends chunks to the lake, several in one write. Use from one running event loop."""

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], int], metrics: Metrics
    ) -> None:
        self._store = store
        self._linger_s = settings.linger_ms / 1000
        self._bytes_max = settings.segment_bytes_max
        self._clock = clock
        self._metrics = metrics
        self._open: _Batch | None = None
        self._full: deque[_Batch] = deque()
        self._writing: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(_WRITERS_MAX, "group-commit")

    def join(self, arrival: Arrival) -> Commit:
        """Put a chunk into the batch that is open; `durable` waits for it."""
        batch = self._open
        if batch is None:
            loop = asyncio.get_running_loop()
            batch = self._open = _Batch(loop.create_future())
            loop.call_later(self._linger_s, self._become_due, batch)
        batch.arrivals.append(arrival)
        batch.payload_bytes += arrival.payload_bytes
        batch.kept_bytes += arrival.payload_bytes + kept_bytes(arrival.facts)
        if batch.kept_bytes >= self._bytes_max:
            self._full.append(batch)
            self._open = None
            self._start_due()
        return batch.done

    async def close(self) -> None:
        """Write what waits, and let the threads end."""
        while self._open is not None or self._full or self._writing:
            if self._open is not None:
                self._open.is_due = True
                self._start_due()
            await asyncio.wait(self._writing)
        self._pool.shutdown()

    def _become_due(self, batch: _Batch) -> None:
        batch.is_due = True
        self._start_due()

    def _start_due(self) -> None:
        while self._full and len(self._writing) < _WRITERS_MAX:
            self._start(self._full.popleft())
        if self._open is not None and self._open.is_due and not self._writing:
            self._start(self._open)
            self._open = None

    def _start(self, batch: _Batch) -> None:
        task = asyncio.get_running_loop().create_task(self._write(batch))
        self._writing.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        self._start_due()

    async def _write(self, batch: _Batch) -> None:
        began_s = time.monotonic()
        loop = asyncio.get_running_loop()
        try:
            keys = await loop.run_in_executor(self._pool, self._append, batch.arrivals)
        except StoreUnavailable as error:
            self._metrics.store_failures.inc()
            _log.error("store failed", kind=error.kind, detail=str(error))
            batch.done.set_result(error)
        except BaseException as error:  # our own mistake: nobody may wait for ever
            batch.done.set_exception(error)
            raise
        else:
            self._metrics.segments.inc(len(keys))
            self._metrics.segment_payload_bytes.inc(batch.payload_bytes)
            self._metrics.commit_s.observe(time.monotonic() - began_s)
            batch.done.set_result(None)

    def _append(self, arrivals: list[Arrival]) -> list[str]:
        return appending.append(self._store, arrivals, now_ms=self._clock())
