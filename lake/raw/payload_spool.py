"""Payloads of many segments, laid down on the compactor's own disk to be read session by session.

A segment is fetched once and its payloads are wanted one session at a time; memory holds the few
segments that are fetched at once.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Self

from lake.errors import Damaged, ObjectMissing
from lake.raw import segment_file
from lake.raw.pending_index import PendingChunk
from lake.raw.segment_file import ReceivedChunk
from lake.storage.base import Store

_READERS = 8  # segments in flight, of a few MB each at most: reading is waiting


class SegmentLost(Exception):
    """A segment is gone or unreadable since its small columns were read: look again."""

    def __init__(self, key: str, damage: Damaged | None) -> None:
        super().__init__(key)
        self.key = key
        self.damage = damage


class PayloadSpool:
    """The payloads of `wanted`. Each is found by its arrival, which is the caller's very object."""

    def __init__(self, store: Store, wanted: Iterable[PendingChunk], path: Path) -> None:
        """Fetch.

        Raises:
            SegmentLost: A segment went away, or is damaged.
        """
        by_segment: dict[str, list[PendingChunk]] = {}
        for item in wanted:
            by_segment.setdefault(item.key, []).append(item)
        self._places: dict[int, tuple[int, int]] = {}
        at = 0
        with path.open("wb") as file:
            for key, body in _fetched(store, by_segment):
                items = by_segment[key]
                try:
                    payloads = segment_file.decode_payloads(body.result())
                except ObjectMissing as error:
                    raise SegmentLost(key, None) from error
                except Damaged as error:
                    raise SegmentLost(key, error) from error
                for item in items:
                    payload = payloads[item.row].as_py()
                    file.write(payload)
                    self._places[id(item.received_chunk)] = (at, len(payload))
                    at += len(payload)
        self._file = path.open("rb")

    def payload_of(self, received_chunk: ReceivedChunk) -> bytes:
        """Return the stored bytes of a chunk."""
        at, size = self._places[id(received_chunk)]
        return os.pread(self._file.fileno(), size, at)

    def __enter__(self) -> Self:
        """The file is open; its folder is the caller's."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()


def _fetched(store: Store, keys: Iterable[str]) -> Iterator[tuple[str, Future[bytes]]]:
    """Read objects a few at a time, in this order."""
    rest = iter(keys)
    with ThreadPoolExecutor(_READERS) as pool:
        reading = deque((key, pool.submit(store.get, key)) for key in islice(rest, _READERS))
        while reading:
            yield reading.popleft()
            reading.extend((key, pool.submit(store.get, key)) for key in islice(rest, 1))
