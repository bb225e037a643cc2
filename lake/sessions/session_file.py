"""One session as one object: a header with all facts, then its events in zstd frames.

The bytes are a valid zstd stream of newline-delimited JSON: the header is in a skippable frame
(RFC 8878, section 3.1.2), so that everything behind it can be sent to a browser unchanged. See
`lake/FORMAT.md`. Files are written by `lake.sessions.session_file_writer` and read here.
"""

import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec
import zstandard

from lake.errors import Damaged
from lake.raw.chunk_codec import decode_stamp
from lake.raw.chunk_facts import ChunkFacts, Client

FORMAT = 1
SKIPPABLE = 0x184D2A50
PREFIX = struct.Struct("<II")
WINDOW_MAX = 1 << 23  # the largest that browsers decode
_HEADER_RAW_MAX = 1 << 30
_READ_AHEAD_BYTES = 8 << 20
_HEAD_BYTES = 32 * 1024  # longer than most headers, so that one read is enough


class SessionFrame(msgspec.Struct, array_like=True, frozen=True):
    """One zstd frame. `offset` counts from the end of the header; times are the browser's clock."""

    offset: int
    size_bytes: int
    raw_bytes: int
    event_count: int
    first_at_ms: float
    last_at_ms: float
    has_snapshot: bool


class SessionHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a session but its events.

    `chunks` are in order of (page, seq). `runs` assigns the events to them in file order, as
    (number in `chunks`, count of consecutive events). `client` is that of the first chunk,
    `visitor_ids` are those of all chunks, sorted; headers of older versions have none.
    """

    format: int
    website_id: str
    session_id: str
    client: Client
    chunks: tuple[ChunkFacts, ...]
    runs: tuple[tuple[int, int], ...]
    frames: tuple[SessionFrame, ...]
    visitor_ids: tuple[str, ...] = ()

    @property
    def visitors(self) -> tuple[str, ...]:
        """The visitors of all chunks."""
        return self.visitor_ids or (self.client.visitor_id,)

    @property
    def users(self) -> set[str]:
        """All users that the chunks identify."""
        return {user_id for chunk in self.chunks for user_id in chunk.users}


class OrderedEvent(NamedTuple):
    """One event with its chunk's number. Sorted stably by (at_ms, chunk): the order of replay."""

    at_ms: float
    chunk: int
    type: int
    json: bytes


_HEADERS = msgspec.json.Decoder(SessionHeader)


class RangeReader(Protocol):
    """The method of a store that a session file needs."""

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes [start, end)."""
        ...


class SessionFile:
    """A session file in the store, read by ranges.

    Raises (every method): Damaged if the bytes are not those that were written, ObjectMissing,
    StoreUnavailable.
    """

    def __init__(self, store: RangeReader, key: str) -> None:
        self._store = store
        self.key = key
        head = store.get_range(key, 0, _HEAD_BYTES)
        if len(head) < PREFIX.size:
            raise Damaged(f"{key} is cut short at {len(head)} bytes")
        magic, size = PREFIX.unpack_from(head)
        if magic != SKIPPABLE:
            raise Damaged(f"{key} does not begin with a header")
        self.body_offset = PREFIX.size + size
        if len(head) < self.body_offset:
            head = store.get_range(key, 0, self.body_offset)
        self.header = _decode_header(key, head[PREFIX.size : self.body_offset])

    @property
    def size_bytes(self) -> int:
        """Length of the whole object, computed from its frames."""
        frames = self.header.frames
        body_bytes = frames[-1].offset + frames[-1].size_bytes if frames else 0
        return int(self.body_offset + body_bytes)

    def bodies(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Yield frames [first, last) compressed, a few megabytes to a read."""
        frames = self.header.frames[first:last]
        at = 0
        while at < len(frames):
            start = frames[at].offset
            end = at + 1
            while (
                end < len(frames)
                and frames[end].offset + frames[end].size_bytes - start <= _READ_AHEAD_BYTES
            ):
                end += 1
            stop = frames[end - 1].offset + frames[end - 1].size_bytes
            body = self._store.get_range(
                self.key, self.body_offset + start, self.body_offset + stop
            )
            if len(body) != stop - start:
                raise Damaged(f"{self.key} is cut short")
            for frame in frames[at:end]:
                yield body[frame.offset - start : frame.offset - start + frame.size_bytes]
            at = end

    def texts(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Yield frames [first, last) inflated: whole lines of NDJSON."""
        frames = self.header.frames[first:last]
        for frame, body in zip(frames, self.bodies(first, last), strict=True):
            yield inflate_frame(self.key, frame, body)

    def events(self, first: int = 0, last: int | None = None) -> Iterator[OrderedEvent]:
        """Yield the events of frames [first, last) with the numbers of their chunks."""
        owners = self._owners(sum(f.event_count for f in self.header.frames[:first]))
        for text in self.texts(first, last):
            for line in text[:-1].split(b"\n"):  # splitlines() also splits at other characters
                stamp = decode_stamp(line)
                yield OrderedEvent(stamp.timestamp, next(owners), stamp.type, line)

    def _owners(self, skip: int) -> Iterator[int]:
        owners = (chunk for chunk, count in self.header.runs for _ in range(count))
        return islice(owners, skip, None)


def inflate_frame(key: str, frame: SessionFrame, body: bytes) -> bytes:
    """Inflate one frame and verify its checksum and its length."""
    try:
        # Checked first: a decompressor allocates as much as a frame announces.
        announced = zstandard.frame_content_size(body)
        if announced != frame.raw_bytes:
            raise Damaged(f"{key}: frame at {frame.offset} announces {announced} bytes")
        return zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX).decompress(
            body, max_output_size=frame.raw_bytes, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise Damaged(f"{key}: frame at {frame.offset}: {error}") from error


def _decode_header(key: str, packed: bytes) -> SessionHeader:
    try:
        text = zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX).decompress(
            packed, max_output_size=_HEADER_RAW_MAX, allow_extra_data=False
        )
        header = _HEADERS.decode(text)
    except (zstandard.ZstdError, msgspec.DecodeError, MemoryError) as error:
        raise Damaged(f"{key}: its header cannot be read: {error}") from error
    if header.format != FORMAT:
        raise Damaged(f"{key}: format {header.format}, this reader knows {FORMAT}")
    return header
