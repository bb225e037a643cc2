"""Group commit: write many chunks at once, then answer their requests together.

A batch is written when no other is being written and `linger_ms` passed since its first chunk, or
when it reaches `segment_bytes_max` or `_DAYS_MAX` days, each of which is an object of its own.
Sessions that began recently and older ones have separate batches and writers, so that chunks of
many old days do not delay the others. The write itself is `lake.raw.segment_writer.append`, in a
thread.
"""

import asyncio
import copy
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import structlog

from ingest_api.metrics import IngestMetrics
from lake import ids
from lake.errors import StoreUnavailable
from lake.raw import segment_writer
from lake.raw.chunk_facts import ChunkFacts
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store
from lake.timestamps import utc_day

_WRITERS_MAX = 2  # the second for full batches only: latency of one object must not cap throughput
_DAYS_MAX = 8  # objects of one write
_RECENT = timedelta(days=1)  # sessions go on past midnight, and clocks differ
_log = structlog.get_logger(__name__)


Commit = asyncio.Future[StoreUnavailable | None]


async def wait_until_durable(commit: Commit) -> None:
    """Return once the commit's chunks are durable. A cancelled caller does not cancel the commit.

    Raises:
        StoreUnavailable: The write failed; whether it landed is unknown.
    """
    error = await asyncio.shield(commit)
    if error is not None:
        raise copy.copy(error)  # one instance raised by every waiter would pile up tracebacks


def index_bytes(facts: ChunkFacts) -> int:
    """Return about how much memory a chunk's index columns take; it may have hundreds of views."""
    users = sum(map(len, facts.user_ids))
    return users + sum(len(view.url) + len(view.title) for view in facts.views)


class _Batch:
    """Chunks of one write. `is_due`: its linger time has passed."""

    def __init__(self, done: Commit) -> None:
        self.received_chunks: list[ReceivedChunk] = []
        self.days: set[date] = set()
        self.held_bytes = 0
        self.payload_bytes = 0
        self.is_due = False
        self.done = done


class _CommitLane:
    """A queue of batches of its own, of which at most `_WRITERS_MAX` are written at once."""

    def __init__(self) -> None:
        self.open: _Batch | None = None
        self.full: deque[_Batch] = deque()
        self.writing: set[asyncio.Task[None]] = set()

    def fill(self) -> None:
        """Close the open batch: further chunks go into a new one."""
        assert self.open is not None
        self.full.append(self.open)
        self.open = None


class GroupCommit:
    """Appends chunks to the lake, many in one write. Use from one running event loop."""

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], int], metrics: IngestMetrics
    ) -> None:
        self._store = store
        self._linger_s = settings.linger_ms / 1000
        self._bytes_max = settings.segment_bytes_max
        self._clock = clock
        self._metrics = metrics
        self._recent, self._older = _CommitLane(), _CommitLane()
        self._pool = ThreadPoolExecutor(2 * _WRITERS_MAX, "group-commit")

    def join(self, received_chunk: ReceivedChunk) -> Commit:
        """Add a chunk to an open batch. Pass the commit to `wait_until_durable`."""
        day = ids.day_of(received_chunk.session_id)
        is_recent = abs(day - utc_day(self._clock())) <= _RECENT
        lane = self._recent if is_recent else self._older
        batch = lane.open
        if batch is not None and day not in batch.days and len(batch.days) == _DAYS_MAX:
            lane.fill()
            self._start_due(lane)
            batch = None
        if batch is None:
            loop = asyncio.get_running_loop()
            batch = lane.open = _Batch(loop.create_future())
            loop.call_later(self._linger_s, self._become_due, lane, batch)
        batch.received_chunks.append(received_chunk)
        batch.days.add(day)
        batch.payload_bytes += received_chunk.payload_bytes
        batch.held_bytes += received_chunk.payload_bytes + index_bytes(received_chunk.facts)
        if batch.held_bytes >= self._bytes_max:
            lane.fill()
            self._start_due(lane)
        return batch.done

    async def close(self) -> None:
        """Write all open batches, and stop the threads."""
        for lane in (self._recent, self._older):
            while lane.open is not None or lane.full or lane.writing:
                if lane.open is not None:
                    self._become_due(lane, lane.open)
                await asyncio.wait(lane.writing)
        self._pool.shutdown()

    def _become_due(self, lane: _CommitLane, batch: _Batch) -> None:
        batch.is_due = True
        self._start_due(lane)

    def _start_due(self, lane: _CommitLane) -> None:
        while lane.full and len(lane.writing) < _WRITERS_MAX:
            self._start(lane, lane.full.popleft())
        if lane.open is not None and lane.open.is_due and not lane.writing:
            self._start(lane, lane.open)
            lane.open = None

    def _start(self, lane: _CommitLane, batch: _Batch) -> None:
        task = asyncio.get_running_loop().create_task(self._write(batch))
        lane.writing.add(task)
        task.add_done_callback(lambda task: self._ended(lane, task))

    def _ended(self, lane: _CommitLane, task: asyncio.Task[None]) -> None:
        lane.writing.discard(task)
        self._start_due(lane)

    async def _write(self, batch: _Batch) -> None:
        began_s = time.monotonic()
        loop = asyncio.get_running_loop()
        try:
            keys = await loop.run_in_executor(self._pool, self._append, batch.received_chunks)
        except StoreUnavailable as error:
            self._metrics.store_failures.inc()
            _log.error("store failed", kind=error.kind, detail=str(error))
            batch.done.set_result(error)
        except BaseException as error:  # a bug of ours: nobody may wait for ever
            batch.done.set_exception(error)
            raise
        else:
            self._metrics.segments.inc(len(keys))
            self._metrics.segment_payload_bytes.inc(batch.payload_bytes)
            self._metrics.commit_s.observe(time.monotonic() - began_s)
            batch.done.set_result(None)

    def _append(self, received_chunks: list[ReceivedChunk]) -> list[str]:
        return segment_writer.append(self._store, received_chunks, now_ms=self._clock())
