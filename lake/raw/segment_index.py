"""Read the index columns of a segment: all but the payloads, by one ranged read of its tail.

Chunks that are read here stay in a reader's memory until they are compacted, so that long views
are packed.
"""

import io

import msgspec
import pyarrow as pa
import zstandard

from lake.raw.segment_file import ReceivedChunk, read_table, reason_in, rows_of
from lake.raw.segment_schema import INDEX_COLUMNS
from lake.raw.view_budget import views_length
from lake.storage.base import Store

TAIL_BYTES = 64 * 1024  # holds footer and index columns of a few hundred chunks
_UNPACKED_LENGTH_MAX = 512  # of one chunk's views
_PACKED_LEVEL = 1


def read_index(store: Store, key: str, size_bytes: int) -> list[ReceivedChunk]:
    """Read chunks without their payloads, each with its `source`; long views come back packed.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    return _chunks(key, _read_tail(store, key, size_bytes))


def read_index_and_reason(
    store: Store, key: str, size_bytes: int
) -> tuple[list[ReceivedChunk], str | None]:
    """Read what `read_index` does, and why the chunks are in quarantine (None: they are not).

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    table = _read_tail(store, key, size_bytes)
    return _chunks(key, table), reason_in(table.schema.metadata)


def _chunks(key: str, table: pa.Table) -> list[ReceivedChunk]:
    return rows_of(table, lambda row, chunk: _packed(chunk)._replace(source=(key, row)))


def _packed(chunk: ReceivedChunk) -> ReceivedChunk:
    views = chunk.facts.views
    if views_length(views) <= _UNPACKED_LENGTH_MAX:
        return chunk
    packed = zstandard.compress(msgspec.json.encode(views), _PACKED_LEVEL)
    packed = bytes(memoryview(packed))  # the compressor's own keeps the memory of the worst case
    facts = msgspec.structs.replace(chunk.facts, views=())
    return chunk._replace(facts=facts, packed_views=packed)


def _read_tail(store: Store, key: str, size_bytes: int) -> pa.Table:
    tail = store.get_tail(key, min(size_bytes, TAIL_BYTES))
    if len(tail) >= size_bytes:
        return read_table(pa.BufferReader(tail), INDEX_COLUMNS)
    try:
        return read_table(pa.PythonFile(_Tail(tail, size_bytes), mode="r"), INDEX_COLUMNS)
    except _TailTooShort:
        return read_table(pa.BufferReader(store.get(key)), INDEX_COLUMNS)


class _TailTooShort(Exception):
    """A read begins before the tail."""


class _Tail(io.RawIOBase):
    """A file of which only the last bytes are held."""

    def __init__(self, tail: bytes, size_bytes: int) -> None:
        super().__init__()
        self._tail = tail
        self._size = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        start = self._at - (self._size - len(self._tail))
        if start < 0:
            raise _TailTooShort
        end = len(self._tail) if size < 0 else start + size
        body = self._tail[start:end]
        self._at += len(body)
        return body
