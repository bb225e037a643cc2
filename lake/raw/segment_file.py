"""One segment: the chunks of one group commit as one Parquet object. See `lake/FORMAT.md`.

The payloads are the first column, so that one ranged read of the object's tail brings all other
columns (see `lake.raw.segment_index`).
"""

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from isal import isal_zlib

from lake.errors import Damaged, FormatUnknown
from lake.raw.chunk_facts import ChunkFacts, Client, RecordedView
from lake.raw.segment_schema import (
    ADDED_FACTS,
    CRC32_KEY,
    FORMAT,
    FORMAT_KEY,
    NULLABLE,
    REASON_KEY,
    SCHEMA,
    SCHEMAS,
    STORED_FACTS,
    VIEW_1,
    leaf_columns,
)

SegmentRow = tuple[str, int]  # key of a segment, number of a row
_PACKED = msgspec.json.Decoder(tuple[RecordedView, ...])
_STORED_FACTS = attrgetter(*STORED_FACTS)
_VIEWS = STORED_FACTS.index("views")
_PLAIN_FACTS = [name for name in STORED_FACTS if name not in ("views", "user_ids")]


class ReceivedChunk(NamedTuple):
    """One chunk as ingest received it. `encoding` ('gzip' or '') is that of `payload`.

    Read from a segment's index columns, a chunk has no payload but a `source`; one with many
    views has none in `facts`: they are in `packed_views`, which takes a fiftieth of the memory,
    and in `whole_facts`.
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
    source: SegmentRow | None = None

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """(website, session, page, seq): identifies the chunk in the lake."""
        return self.website_id, self.session_id, self.facts.page_id, self.facts.seq

    @property
    def whole_facts(self) -> ChunkFacts:
        """The facts with their views, unpacked if need be."""
        if not self.packed_views:
            return self.facts
        text = zstandard.decompress(self.packed_views)
        return msgspec.structs.replace(self.facts, views=_PACKED.decode(text))


def encode(received_chunks: Iterable[ReceivedChunk], *, reason: str | None = None) -> bytes:
    """Write a segment, sorted by identity. The same chunks give the same bytes.

    Args:
        reason: Why these chunks are in quarantine; stored in the file's metadata.
    """
    rows = sorted(
        (
            received_chunk._replace(
                payload_bytes=len(received_chunk.payload),
                facts=received_chunk.whole_facts,
                packed_views=b"",
                source=None,
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
    metadata = {FORMAT_KEY: FORMAT, CRC32_KEY: str(crc32.end())}
    if reason:
        metadata[REASON_KEY] = reason
    table = pa.table(
        [pa.array(columns[field.name], field.type) for field in SCHEMA],
        schema=SCHEMA.with_metadata(metadata),
    )
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression={name: "NONE" if name == "payload" else "ZSTD" for name in leaf_columns()},
        use_dictionary=[name for name in leaf_columns() if name not in ("payload", "received_at")],
        write_page_checksum=True,
        write_statistics=False,
    )
    return sink.getvalue()


def decode(body: bytes, *, verify_pages: bool = True) -> list[ReceivedChunk]:
    """Read a whole segment, payloads included.

    Args:
        verify_pages: Check the checksums of Parquet's pages. Without, only the index columns are
            verified; compare each payload with the checksum in its facts.

    Raises:
        Damaged: It is no segment, or a checksum is wrong.
        FormatUnknown: A newer version wrote it.
    """
    return rows_of(read_table(pa.BufferReader(body), SCHEMA.names, verify_pages=verify_pages))


def decode_payloads(body: bytes) -> pa.ChunkedArray:
    """Read the payloads only, in the order of the rows.

    Raises:
        Damaged: It is no segment, or a checksum is wrong.
        FormatUnknown: A newer version wrote it.
    """
    return read_table(pa.BufferReader(body), ["payload"]).column("payload")


def quarantine_reason(body: bytes) -> str | None:
    """Return why these chunks are in quarantine; None for an ordinary segment."""
    return reason_in(pq.read_schema(pa.BufferReader(body)).metadata or {})


def reason_in(metadata: Mapping[bytes, bytes]) -> str | None:
    """Return the reason in a file's metadata, None if there is none."""
    reason = metadata.get(REASON_KEY.encode())
    return reason.decode() if reason else None


def read_table(source: object, columns: list[str], *, verify_pages: bool = True) -> pa.Table:
    """Read some columns of a segment of any known format.

    Raises:
        Damaged: It is no segment, or a checksum is wrong.
        FormatUnknown: A newer version wrote it.
    """
    try:
        file = pq.ParquetFile(source, page_checksum_verification=verify_pages)
        file_format = (file.metadata.metadata or {}).get(FORMAT_KEY.encode(), b"?").decode()
        schema = SCHEMAS.get(file_format)
        if schema is None:
            kind = FormatUnknown if file_format.isdigit() else Damaged
            raise kind(f"segment format is {file_format!r}, this reader knows up to {FORMAT!r}")
        if not file.schema_arrow.equals(schema):
            raise Damaged("segment has other columns than its format")
        columns = [name for name in columns if name in schema.names]
        table = file.read(columns=columns, use_threads=False)
        table.validate(full=True)
        for name in columns:
            if name not in NULLABLE and table.column(name).null_count:
                raise Damaged(f"segment has no {name} in some rows")
        return table
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise Damaged(f"segment cannot be read: {error}") from error


def rows_of(
    table: pa.Table,
    convert: Callable[[int, ReceivedChunk], ReceivedChunk] = lambda _row, chunk: chunk,
) -> list[ReceivedChunk]:
    """Convert the rows of a table to chunks, and verify their checksum.

    Args:
        convert: Called with each row's number and chunk, one row at a time.

    Raises:
        Damaged: The rows are not those that were written. Parquet's pages have checksums, but the
            offsets that lead to them have none and may lead to other pages.
    """
    metadata = table.schema.metadata
    crc32 = _Crc32(metadata[FORMAT_KEY.encode()].decode())
    received_chunks = []
    try:
        for row, received_chunk in enumerate(_rows(table)):
            crc32.add(received_chunk)
            received_chunks.append(convert(row, received_chunk))
    except (TypeError, ValueError) as error:
        raise Damaged(f"segment cannot be read: {error}") from error
    if metadata.get(CRC32_KEY.encode()) != str(crc32.end()).encode():
        raise Damaged("segment's checksum is wrong")
    return received_chunks


class _Crc32:
    """CRC-32 of the rows as a JSON array, without the payloads: their facts have checksums."""

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
    """Drop the last fields of the facts and of each view, which an older format did not have."""
    website_id, session_id, facts, *others = row
    added = sum(len(names) for number, names in ADDED_FACTS.items() if number > file_format)
    facts = list(facts[:-added])
    if file_format == "1":
        facts[_VIEWS] = [view[: len(VIEW_1)] for view in facts[_VIEWS]]
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
    """Yield the views of each row, one row at a time: a row may have hundreds."""
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
