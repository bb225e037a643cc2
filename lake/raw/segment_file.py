"""One segment: the chunks of one group commit, as one Parquet object. See `lake/FORMAT.md`.

The payload column stands first and the small columns last, so that one ranged read of the
object's tail gives everything but the payloads.
"""

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from isal import isal_zlib

from lake.errors import Damaged, FormatUnknown
from lake.raw.chunk_facts import ChunkFacts, Client, RecordedView
from lake.raw.view_budget import views_length
from lake.storage.base import Store

FORMAT = "3"
_FORMAT, _CRC32 = "replaylake.segment", "replaylake.crc32"
TAIL_BYTES = 64 * 1024  # holds footer and small columns of a few hundred chunks
_VIEWS_LENGTH_MAX = 512  # of one chunk in a reader's memory; longer ones are packed
_PACKED_LEVEL = 1
_PACKED = msgspec.json.Decoder(tuple[RecordedView, ...])

_VIEW = pa.struct(
    [
        ("at_ms", pa.int64()),
        ("url", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("title", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("payload", pa.binary()),
        ("website_id", pa.string()),
        ("session_id", pa.string()),
        ("page_id", pa.string()),
        ("seq", pa.int64()),
        ("received_at", pa.timestamp("us", "UTC")),
        ("first_at_ms", pa.int64()),
        ("last_at_ms", pa.int64()),
        ("event_count", pa.int32()),
        ("click_count", pa.int32()),
        ("error_count", pa.int32()),
        ("snapshot_count", pa.int32()),
        ("raw_bytes", pa.int64()),
        ("payload_bytes", pa.int64()),
        ("crc32", pa.int64()),
        ("views", pa.list_(_VIEW)),
        ("user_id", pa.string()),
        ("trigger", pa.string()),
        ("user_ids", pa.list_(pa.string())),
        ("acted_at_ms", pa.int64()),
        ("visitor_id", pa.string()),
        ("device_type", pa.string()),
        ("device_model", pa.string()),
        ("browser_name", pa.string()),
        ("browser_version", pa.string()),
        ("os_name", pa.string()),
        ("os_version", pa.string()),
        ("country", pa.string()),
        ("encoding", pa.string()),
    ],
)
_VIEW_1 = pa.struct([field for field in _VIEW if field.name != "title"])
# Of every format that this reader knows, so that what was written before is read for ever.
_ADDED = {"2": ("trigger",), "3": ("user_ids", "acted_at_ms")}  # to the facts; all at their end
_SCHEMA_2 = pa.schema(field for field in SCHEMA if field.name not in _ADDED["3"])
SCHEMAS = {
    "1": pa.schema(
        pa.field("views", pa.list_(_VIEW_1)) if field.name == "views" else field
        for field in _SCHEMA_2
        if field.name not in _ADDED["2"]
    ),
    "2": _SCHEMA_2,
    FORMAT: SCHEMA,
}
INDEX_COLUMNS = [name for name in SCHEMA.names if name != "payload"]


class ReceivedChunk(NamedTuple):
    """One chunk as it came in. `encoding` ('gzip' or '') is that of `payload`.

    Of a chunk with many views `facts` may have none: they are in `packed_views` then, which take
    a fiftieth of the memory, and in `whole_facts`.
    """

    website_id: str
    session_id: str
    facts: ChunkFacts
    client: Client
    received_at: int  # µs since the Unix epoch, the server's clock
    encoding: str
    payload: bytes
    payload_bytes: int
    packed_views: bytes = b""

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """(website, session, page, seq): what makes a chunk that chunk."""
        return self.website_id, self.session_id, self.facts.page_id, self.facts.seq

    @property
    def whole_facts(self) -> ChunkFacts:
        """The facts, with their views."""
        if not self.packed_views:
            return self.facts
        text = zstandard.decompress(self.packed_views)
        return msgspec.structs.replace(self.facts, views=_PACKED.decode(text))


def encode(received_chunks: Iterable[ReceivedChunk], *, reason: str | None = None) -> bytes:
    """Write a segment, sorted by identity. Same arrivals, same bytes. Pages carry checksums.

    `reason` is for chunks put aside: why; it stands in the file's metadata.
    """
    rows = sorted(
        (
            received_chunk._replace(
                payload_bytes=len(received_chunk.payload),
                facts=received_chunk.whole_facts,
                packed_views=b"",
            )
            for received_chunk in received_chunks
        ),
        key=lambda received_chunk: received_chunk.identity,
    )
    facts = [row.facts for row in rows]
    clients = [row.client for row in rows]
    columns: dict[str, list[object]] = {
        "payload": [row.payload for row in rows],
        "website_id": [row.website_id for row in rows],
        "session_id": [row.session_id for row in rows],
        "received_at": [row.received_at for row in rows],
        "payload_bytes": [row.payload_bytes for row in rows],
        "encoding": [row.encoding for row in rows],
        "views": [[msgspec.structs.asdict(view) for view in fact.views] for fact in facts],
    }
    for name in ChunkFacts.__struct_fields__:
        columns.setdefault(name, [getattr(fact, name) for fact in facts])
    for name in Client.__struct_fields__:
        columns[name] = [getattr(client, name) for client in clients]
    crc32 = _Crc32()
    for row in rows:
        crc32.add(row)
    metadata = {_FORMAT: FORMAT, _CRC32: str(crc32.end())}
    if reason:
        metadata["replaylake.reason"] = reason
    table = pa.table(
        [pa.array(columns[field.name], field.type) for field in SCHEMA],
        schema=SCHEMA.with_metadata(metadata),
    )
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression={name: "NONE" if name == "payload" else "ZSTD" for name in _leaves()},
        use_dictionary=[name for name in _leaves() if name not in ("payload", "received_at")],
        write_page_checksum=True,
        write_statistics=False,
    )
    return sink.getvalue()


def decode(body: bytes, *, verify_pages: bool = True) -> list[ReceivedChunk]:
    """Read a whole segment, payloads included.

    Without `verify_pages` only the small columns are known to be right; each payload then has to
    be held against its own checksum.

    Raises:
        Damaged: It is no segment, or a checksum is wrong.
    """
    return _arrivals(_read(pa.BufferReader(body), SCHEMA.names, verify_pages=verify_pages))


def decode_payloads(body: bytes) -> pa.ChunkedArray:
    """Read the payloads only, in the order of the other columns.

    Raises:
        Damaged: It is no segment, or a checksum is wrong.
    """
    return _read(pa.BufferReader(body), ["payload"]).column("payload")


def read_index(store: Store, key: str, size_bytes: int) -> list[ReceivedChunk]:
    """Read the small columns only; payloads come back empty, long views packed.

    One ranged read, seldom two.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    return _arrivals(_small(store, key, size_bytes), is_packed=True)


def read_index_and_reason(
    store: Store, key: str, size_bytes: int
) -> tuple[list[ReceivedChunk], str | None]:
    """`read_index` and `quarantine_reason`, by one read.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    table = _small(store, key, size_bytes)
    return _arrivals(table, is_packed=True), _reason(table.schema.metadata)


def _packed(received_chunk: ReceivedChunk) -> ReceivedChunk:
    views = received_chunk.facts.views
    if views_length(views) <= _VIEWS_LENGTH_MAX:
        return received_chunk
    packed = zstandard.compress(msgspec.json.encode(views), _PACKED_LEVEL)
    packed = bytes(memoryview(packed))  # the compressor's own keeps the memory of the worst case
    facts = msgspec.structs.replace(received_chunk.facts, views=())
    return received_chunk._replace(facts=facts, packed_views=packed)


def quarantine_reason(body: bytes) -> str | None:
    """Return why these chunks were put aside; None for others."""
    return _reason(pq.read_schema(pa.BufferReader(body)).metadata or {})


def _reason(metadata: Mapping[bytes, bytes]) -> str | None:
    reason = metadata.get(b"replaylake.reason")
    return reason.decode() if reason else None


def _small(store: Store, key: str, size_bytes: int) -> pa.Table:
    tail = store.get_tail(key, min(size_bytes, TAIL_BYTES))
    if len(tail) >= size_bytes:
        return _read(pa.BufferReader(tail), INDEX_COLUMNS)
    try:
        return _read(pa.PythonFile(_Tail(tail, size_bytes), mode="r"), INDEX_COLUMNS)
    except _TailTooShort:
        return _read(pa.BufferReader(store.get(key)), INDEX_COLUMNS)


def _leaves() -> list[str]:
    inner = {
        "views": [f"views.list.element.{field.name}" for field in _VIEW],
        "user_ids": ["user_ids.list.element"],
    }
    return [leaf for name in SCHEMA.names for leaf in inner.get(name, [name])]


def _read(source: object, columns: list[str], *, verify_pages: bool = True) -> pa.Table:
    try:
        file = pq.ParquetFile(source, page_checksum_verification=verify_pages)
        found = (file.metadata.metadata or {}).get(_FORMAT.encode(), b"?").decode()
        schema = SCHEMAS.get(found)
        if schema is None:
            kind = FormatUnknown if found.isdigit() else Damaged
            raise kind(f"segment format is {found!r}, this reader knows up to {FORMAT!r}")
        if not file.schema_arrow.equals(schema):
            raise Damaged("segment has other columns than its format")
        columns = [name for name in columns if name in schema.names]
        table = file.read(columns=columns, use_threads=False)
        table.validate(full=True)
        for name in columns:
            if name not in _NULLABLE and table.column(name).null_count:
                raise Damaged(f"segment has no {name} in some rows")
        return table
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise Damaged(f"segment cannot be read: {error}") from error


def _arrivals(table: pa.Table, *, is_packed: bool = False) -> list[ReceivedChunk]:
    """Make arrivals of the rows, with long views packed if `is_packed`.

    Raises:
        Damaged: They are not those that were written. Pages have checksums, but what leads to
            them has none, and may lead to others.
    """
    metadata = table.schema.metadata
    crc32 = _Crc32(metadata[_FORMAT.encode()].decode())
    received_chunks = []
    try:
        for received_chunk in _rows(table):
            crc32.add(received_chunk)
            received_chunks.append(_packed(received_chunk) if is_packed else received_chunk)
    except (TypeError, ValueError) as error:
        raise Damaged(f"segment cannot be read: {error}") from error
    if metadata.get(_CRC32.encode()) != str(crc32.end()).encode():
        raise Damaged("segment's checksum is wrong")
    return received_chunks


class _Crc32:
    """Of the JSON array of all but the payloads, which `crc32` of their facts covers."""

    def __init__(self, file_format: str = FORMAT) -> None:
        self._format = file_format
        self._value = 0
        self._next = b"["

    def add(self, received_chunk: ReceivedChunk) -> None:
        facts = _STORED_FACTS(received_chunk.facts)
        row: object = (
            *received_chunk[:2],
            facts,
            *received_chunk[3:6],
            b"",
            received_chunk.payload_bytes,
        )
        if self._format != FORMAT:
            row = _as_format(self._format, msgspec.to_builtins(row))
        self._value = isal_zlib.crc32(self._next + msgspec.json.encode(row), self._value)
        self._next = b","

    def end(self) -> int:
        first = b"[" if self._next == b"[" else b""
        return int(isal_zlib.crc32(first + b"]", self._value))


def _as_format(file_format: str, row: list[Any]) -> list[Any]:
    """Drop what an older format did not have: the last fields of the facts, and of each view."""
    website_id, session_id, facts, *others = row
    added = sum(len(names) for number, names in _ADDED.items() if number > file_format)
    facts = list(facts[:-added])
    if file_format == "1":
        facts[_VIEWS] = [view[: len(_VIEW_1)] for view in facts[_VIEWS]]
    return [website_id, session_id, facts, *others]


def _rows(table: pa.Table) -> Iterator[ReceivedChunk]:
    columns = {
        name: table.column(name).to_pylist()
        for name in table.column_names
        if name not in ("received_at", "views")
    }
    columns["received_at"] = table.column("received_at").cast(pa.int64()).to_pylist()
    payloads = columns.get("payload", [b""] * table.num_rows)
    for i, views in enumerate(_views(table.column("views"))):
        facts = ChunkFacts(
            **{name: columns[name][i] for name in _PLAIN_FACTS if name in columns},
            user_ids=tuple(columns["user_ids"][i]) if "user_ids" in columns else (),
            views=views,
        )
        client = Client(**{name: columns[name][i] for name in Client.__struct_fields__})
        yield ReceivedChunk(
            columns["website_id"][i],
            columns["session_id"][i],
            facts,
            client,
            columns["received_at"][i],
            columns["encoding"][i],
            payloads[i],
            columns["payload_bytes"][i],
        )


def _views(column: pa.ChunkedArray) -> Iterator[tuple[RecordedView, ...]]:
    """Yield each row's, a row's at a time: there may be hundreds of them."""
    for part in column.chunks:
        fields = part.values.flatten()
        ends = part.offsets.to_pylist()
        for start, end in itertools.pairwise(ends):
            if start == end:
                yield ()
            else:
                yield tuple(
                    map(RecordedView, *(f.slice(start, end - start).to_pylist() for f in fields))
                )


_NULLABLE = {"user_id", "trigger", "acted_at_ms", *Client.__struct_fields__} - {
    "visitor_id",
    "device_type",
}
# `cut` is of sessions: a segment has all views.
_STORED = [name for name in ChunkFacts.__struct_fields__ if name != "cut"]
_STORED_FACTS = attrgetter(*_STORED)
_VIEWS = _STORED.index("views")
_PLAIN_FACTS = [name for name in _STORED if name not in ("views", "user_ids")]


class _TailTooShort(Exception):
    pass


class _Tail(io.RawIOBase):
    """A file of which only the end is here."""

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
