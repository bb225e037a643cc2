"""Queue of large chunks for a few reader processes, with websites in turn.

One website has at most one chunk at a reader. Huge chunks have a reader of their own, at a low
priority, so that the reader of the others is soon free whatever some websites send. A reader
runs `ingest_api.chunk_reader`.
"""

import asyncio
import os
import select
import subprocess
import sys
from collections import Counter, OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import msgspec

from ingest_api import chunk_reader
from ingest_api.chunk_reader import ReadReply, ReadRequest
from ingest_api.http.request_body import Overloaded
from lake.errors import ChunkMalformed, ChunkTooLarge
from lake.raw.chunk_facts import ChunkFacts

_READERS = {False: 1, True: 1}  # by "is huge"; each takes up to 60 MB
_HUGE_NICE = 10  # of 19
_HUGE_BYTES = 8 * 1024 * 1024  # a tenth of a second of work
_QUEUED_BYTES_MAX = 256 * 1024 * 1024  # of JSON, of one website: seconds of work
_PAUSE_S = 1.0  # before a 503: slows clients that retry at once
_READ_S_MAX = 20.0  # a hundred times what the largest chunk takes


class _Job(NamedTuple):
    """A chunk to read, and its result."""

    request: ReadRequest
    done: "asyncio.Future[ChunkFacts]"


class LargeChunkReaders:
    """Reads large chunks in other processes. Use from one running event loop.

    Args:
        limit_bytes: Of a chunk, inflated.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._queues: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._reading: dict[str, ReadRequest] = {}
        self._pool = ThreadPoolExecutor(sum(_READERS.values()), "large-chunks")
        self._idle: dict[bool, list[_ReaderProcess]] = {False: [], True: []}
        self._has_started = False

    async def read(self, website_id: str, request: ReadRequest) -> ChunkFacts:
        """Read a chunk when its website has its turn.

        Raises:
            BadInput: It is no chunk, is too large or takes too long.
            Overloaded: Too many bytes of this website are queued, or a reader failed.
        """
        queue = self._queues.get(website_id, deque())
        waiting_bytes = sum(job.request.raw_bytes_max for job in queue)
        if queue and waiting_bytes + request.raw_bytes_max > _QUEUED_BYTES_MAX:
            await asyncio.sleep(_PAUSE_S)
            raise Overloaded(
                f"{waiting_bytes} bytes of this website's large chunks are waiting, limit is "
                f"{_QUEUED_BYTES_MAX}: try again later"
            )
        job = _Job(request, asyncio.get_running_loop().create_future())
        if not self._has_started:  # all at the first chunk: starting one takes long under load
            self._has_started = True
            for is_huge, count in _READERS.items():
                for _ in range(count):
                    self._pool.submit(self._start, is_huge)
        queue.append(job)
        self._queues[website_id] = queue
        self._start_due()
        return await job.done

    def close(self) -> None:
        """Stop threads and readers."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for reader in (*self._idle[False], *self._idle[True]):
            reader.close()

    def _start(self, is_huge: bool) -> None:
        self._idle[is_huge].append(_ReaderProcess(self._limit_bytes, is_huge=is_huge))

    def _start_due(self) -> None:
        while (website_id := self._next()) is not None:
            queue = self._queues.pop(website_id)
            job = queue.popleft()
            if queue:
                self._queues[website_id] = queue  # after the other websites
            self._reading[website_id] = job.request
            task = asyncio.get_running_loop().create_task(self._read(job))
            task.add_done_callback(lambda _, name=website_id: self._ended(name))  # type: ignore[misc]

    def _next(self) -> str | None:
        busy = Counter(map(_is_huge, self._reading.values()))
        for website_id, queue in self._queues.items():
            is_huge = _is_huge(queue[0].request)
            if website_id not in self._reading and busy[is_huge] < _READERS[is_huge]:
                return website_id
        return None

    def _ended(self, website_id: str) -> None:
        del self._reading[website_id]
        self._start_due()

    async def _read(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(self._pool, self._exchange, job.request)
        except Exception as error:  # noqa: BLE001 - raised where the job is awaited
            if not job.done.done():
                job.done.set_exception(error)
            return
        if job.done.done():
            return  # cancelled
        if reply.facts is not None:
            job.done.set_result(reply.facts)
        elif reply.is_too_large:
            job.done.set_exception(ChunkTooLarge(self._limit_bytes, inflated=True))
        else:
            job.done.set_exception(ChunkMalformed(reply.refusal))

    def _exchange(self, request: ReadRequest) -> ReadReply:
        is_huge = _is_huge(request)
        idle = self._idle[is_huge]
        try:
            reader = idle.pop() if idle else _ReaderProcess(self._limit_bytes, is_huge=is_huge)
        except OSError as error:
            raise Overloaded("no process can be started to read a chunk: try again") from error
        try:
            reply = reader.exchange(request)
        except BaseException:
            reader.close()
            raise
        idle.append(reader)
        return reply


def _is_huge(request: ReadRequest) -> bool:
    return request.raw_bytes_max > _HUGE_BYTES


class _ReaderProcess:
    """A process that reads one chunk at a time. It ends when this process ends."""

    def __init__(self, limit_bytes: int, *, is_huge: bool) -> None:
        nice = _HUGE_NICE if is_huge else 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", chunk_reader.__name__, str(limit_bytes), str(nice)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Returns the memory of freed chunks to the system.
            env=os.environ | {"MALLOC_MMAP_THRESHOLD_": str(1 << 20), "MALLOC_ARENA_MAX": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)

    def exchange(self, request: ReadRequest) -> ReadReply:
        """Send a chunk and wait for its facts.

        Raises:
            ChunkMalformed: It takes too long.
            Overloaded: The process has ended.
        """
        try:
            chunk_reader.send(self._stdin, request)
            if not self._poll.poll(_READ_S_MAX * 1000):
                raise ChunkMalformed(f"reading the chunk takes longer than {_READ_S_MAX:g} s")
            body = chunk_reader.receive(self._stdout)
        except OSError as error:
            raise Overloaded("the process that reads chunks ended: try again") from error
        if body is None:
            raise Overloaded("the process that reads chunks ended: try again")
        return msgspec.msgpack.decode(body, type=ReadReply)

    def close(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout):
            with suppress(OSError):  # unsent bytes are dropped
                stream.close()
