"""Every text in stored objects, however it is compressed. Imports nothing of the lake's codecs."""

import gzip
import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from lake.storage.base import Store

_GZIP, _ZSTD, _SKIPPABLE = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"


def every_text(store: Store) -> dict[str, bytes]:
    """Return all objects of a store by key, as they lie and inflated."""
    return texts_of((item.key, store.get(item.key)) for item in store.list(""))


def texts_of(bodies: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return the bodies as they lie and inflated, a Parquet file's values one by one too."""
    texts = {}
    for name, body in bodies:
        parts = [body, *_inflated(body)]
        if body.startswith(b"PAR1"):
            for column in pq.read_table(pa.BufferReader(body)).columns:
                for value in column.to_pylist():
                    parts += _inflated(value) if isinstance(value, bytes) else []
                    parts.append(value if isinstance(value, bytes) else _plain(value))
        texts[name] = b"\n".join(parts)
    return texts


def _inflated(body: bytes) -> list[bytes]:
    if body.startswith(_GZIP):
        return [gzip.decompress(body)]
    if body.startswith(_SKIPPABLE):  # a session file: its header is a frame within one
        size = int.from_bytes(body[4:8], "little")
        return [*_inflated(body[8 : 8 + size]), *_inflated(body[8 + size :])]
    if body.startswith(_ZSTD):
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return [reader.read()]
    return []


def _plain(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()
