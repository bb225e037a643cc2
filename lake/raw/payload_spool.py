"""Payloads of many segments, copied to local disk to be read session by session.

A segment is fetched once, while the payloads in it belong to many sessions. Memory holds the few
segments that are in flight.
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
from lake.raw.segment_file import ReceivedChunk, SegmentRow
from lake.storage.base import Store

_READERS = 8  # segments in flight, of at most a few MB each


class SegmentLost(Exception):
    """A segment was deleted, or is damaged, since its index columns were read.

    `damage` is None if it was deleted: read the lake's state again.
    """

    def __init__(self, key: str, damage: Damaged | None) -> None:
        super().__init__(key)
        self.key = key
        self.damage = damage


class PayloadSpool:
    """The payloads of some pending chunks, in one file at `path`. A context manager.

    Raises:
        SegmentLost: A segment was deleted or is damaged.
        StoreUnavailable: The store failed.
        OSError: The disk failed, or is full.
    """

    def __init__(self, store: Store, pending: Iterable[PendingChunk], path: Path) -> None:
        rows: dict[str, list[int]] = {}
        for item in pending:
            rows.setdefault(item.key, []).append(item.row)
        self._places: dict[SegmentRow, tuple[int, int]] = {}  # offset and length in the file
        offset = 0
        with path.open("wb") as file:
            for key, body in _fetched(store, rows):
                try:
                    payloads = segment_file.decode_payloads(body.result())
                except ObjectMissing as error:
                    raise SegmentLost(key, None) from error
                except Damaged as error:
                    raise SegmentLost(key, error) from error
                for row in rows[key]:
                    payload = payloads[row].as_py()
                    file.write(payload)
                    self._places[key, row] = (offset, len(payload))
                    offset += len(payload)
        self._file = path.open("rb")

    def payload_of(self, received_chunk: ReceivedChunk) -> bytes:
        """Return the stored bytes of a chunk, which is one of `pending` or a copy of it."""
        assert received_chunk.source is not None, received_chunk.identity
        offset, size = self._places[received_chunk.source]
        return os.pread(self._file.fileno(), size, offset)

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
