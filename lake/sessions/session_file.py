"""One session as one object: a header that tells all, then its events in zstd frames.

The bytes are a valid zstd stream of newline-delimited JSON: the header hides in a skippable frame
(RFC 8878, section 3.1.2), so that everything behind it can be sent to a browser as it lies. Same
chunks, same bytes: nothing here depends on when or how they arrived. See `lake/FORMAT.md`.

Which events go in, and in which order, is decided in `lake.sessions.merge`.
"""

import hashlib
import struct
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import msgspec
import zstandard

from lake.errors import Damaged
from lake.raw.chunk_codec import decode_stamp
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.rrweb_events import FULL_SNAPSHOT, META
from lake.settings import Settings

FORMAT = 1
_SKIPPABLE = 0x184D2A50
_PREFIX = struct.Struct("<II")
_WINDOW_MAX = 1 << 23  # what browsers decode; a frame that asks for more is not ours
_LEVEL_MAX = 19  # those above use larger windows, whatever the frame's size
_HEADER_RAW_MAX = 1 << 30
_BODY_MEMORY_BYTES_MAX = 8 << 20  # frames of most sessions need no file while they are made
_READ_AHEAD_BYTES = 8 << 20
_HEAD_BYTES = 32 * 1024  # most headers are shorter, so that one read brings them


class SessionFrame(msgspec.Struct, array_like=True, frozen=True):
    """One zstd frame. `offset` counts from the end of the header; times are the browser's."""

    offset: int
    size_bytes: int
    raw_bytes: int
    event_count: int
    first_at_ms: float
    last_at_ms: float
    has_snapshot: bool


class SessionHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a session but its events.

    `chunks` are in order of (page, seq). `runs` tells whose the events are, in file order:
    (number in `chunks`, how many events in a row). `client` came with the first of the chunks,
    `visitor_ids` with any of them, in order of letters; what an older version wrote has none.
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
        """All visitors whose chunks these are."""
        return self.visitor_ids or (self.client.visitor_id,)

    @property
    def users(self) -> set[str]:
        """All users that the chunks identify."""
        return {user_id for chunk in self.chunks for user_id in chunk.users}


class OrderedEvent(NamedTuple):
    """One event with its chunk's number: sorts by the order of replay, given stable input."""

    at_ms: float
    chunk: int
    type: int
    json: bytes


class WrittenSessionFile(NamedTuple):
    """A finished file, in memory or, if it is large, in its writer's folder.

    `generation` names its bytes.
    """

    content: bytes | Path
    size_bytes: int
    sha256: str
    header: SessionHeader

    @property
    def generation(self) -> str:
        """The part of the object's key that changes with its bytes."""
        return self.sha256[:16]


_HEADERS = msgspec.json.Decoder(SessionHeader)


class _FrameWriter:
    """Cuts events into frames and remembers where each lies."""

    def __init__(self, sink: IO[bytes], settings: Settings) -> None:
        self._sink = sink
        self._settings = settings
        level = min(settings.zstd_level, _LEVEL_MAX)
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._offset = 0
        self._start()
        self.frames: list[SessionFrame] = []
        self.runs: list[list[int]] = []

    def _start(self) -> None:
        self._lines: list[bytes] = []
        self._raw_bytes = 0
        self._first = float("inf")
        self._last = float("-inf")
        self._has_snapshot = False

    def write(self, events: Iterable[OrderedEvent]) -> None:
        settings = self._settings
        before = -1
        for at_ms, chunk, kind, json in events:
            is_start = kind == META or (kind == FULL_SNAPSHOT and before != META)
            limit = settings.frame_bytes_min if is_start else settings.frame_bytes_max
            # A Meta and its snapshot stay together, whatever the snapshot's size.
            if self._raw_bytes >= limit and not (kind == FULL_SNAPSHOT and before == META):
                self.cut()
            before = kind
            self._lines.append(json)
            self._raw_bytes += len(json) + 1
            self._first = min(self._first, at_ms)
            self._last = max(self._last, at_ms)
            self._has_snapshot |= kind == FULL_SNAPSHOT
            if self.runs and self.runs[-1][0] == chunk:
                self.runs[-1][1] += 1
            else:
                self.runs.append([chunk, 1])
        self.cut()

    @property
    def size_bytes(self) -> int:
        return self._offset

    def cut(self) -> None:
        if not self._lines:
            return
        body = self._compressor.compress(b"\n".join(self._lines) + b"\n")
        self._sink.write(body)
        self.frames.append(
            SessionFrame(
                self._offset,
                len(body),
                self._raw_bytes,
                len(self._lines),
                self._first,
                self._last,
                self._has_snapshot,
            )
        )
        self._offset += len(body)
        self._start()


def write_session_file(
    folder: Path,
    events: Iterable[OrderedEvent],
    *,
    website_id: str,
    session_id: str,
    client: Client,
    chunks: tuple[ChunkFacts, ...],
    visitor_ids: tuple[str, ...],
    settings: Settings,
) -> WrittenSessionFile:
    """Write a session's file, a large one into `folder`, a frame at a time.

    Args:
        folder: A temporary folder of the caller's, who removes it.
        events: In replay order; `chunk` is the place in `chunks`.
        chunks: In order of (page, seq), each once.
        visitor_ids: Of all of them, in order of letters.
    """
    # Two websites may have a session of the same id; one may still be on its way to the store.
    name = f"{website_id}.{session_id}"
    path = folder / f"{name}.file"
    with tempfile.SpooledTemporaryFile(_BODY_MEMORY_BYTES_MAX, dir=str(folder)) as body:
        cutter = _FrameWriter(body, settings)
        cutter.write(events)
        header = SessionHeader(
            format=FORMAT,
            website_id=website_id,
            session_id=session_id,
            client=client,
            chunks=chunks,
            runs=tuple((chunk, count) for chunk, count in cutter.runs),
            frames=tuple(cutter.frames),
            visitor_ids=visitor_ids,
        )
        head = _encode_header(header)
        body.seek(0)
        if cutter.size_bytes <= _BODY_MEMORY_BYTES_MAX:
            content = head + body.read()
            return WrittenSessionFile(
                content, len(content), hashlib.sha256(content).hexdigest(), header
            )
        digest = hashlib.sha256()
        with path.open("wb") as file:
            block = head
            while block:
                digest.update(block)
                file.write(block)
                block = body.read(1 << 20)
            size_bytes = file.tell()
    return WrittenSessionFile(path, size_bytes, digest.hexdigest(), header)


def _encode_header(header: SessionHeader) -> bytes:
    packed = zstandard.ZstdCompressor(level=9, write_checksum=True).compress(
        msgspec.json.encode(header)
    )
    return _PREFIX.pack(_SKIPPABLE, len(packed)) + packed


class RangeReader(Protocol):
    """The part of a store that a session file needs."""

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes [start, end)."""
        ...


class SessionFile:
    """A session file in the store, read piece by piece.

    Raises (every method): Damaged where the bytes are not what was written, ObjectMissing,
    StoreUnavailable.
    """

    def __init__(self, store: RangeReader, key: str) -> None:
        self._store = store
        self.key = key
        head = store.get_range(key, 0, _HEAD_BYTES)
        if len(head) < _PREFIX.size:
            raise Damaged(f"{key} is cut short at {len(head)} bytes")
        magic, size = _PREFIX.unpack_from(head)
        if magic != _SKIPPABLE:
            raise Damaged(f"{key} does not begin with a header")
        self.body_offset = _PREFIX.size + size
        if len(head) < self.body_offset:
            head = store.get_range(key, 0, self.body_offset)
        self.header = _decode_header(key, head[_PREFIX.size : self.body_offset])

    @property
    def size_bytes(self) -> int:
        """Length of the whole object as its frames say."""
        frames = self.header.frames
        body_bytes = frames[-1].offset + frames[-1].size_bytes if frames else 0
        return int(self.body_offset + body_bytes)

    def bodies(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Yield frames [first, last) as they lie, a few megabytes to a read."""
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
            for line in text[:-1].split(b"\n"):  # splitlines knows more ends of lines
                stamp = decode_stamp(line)
                yield OrderedEvent(stamp.timestamp, next(owners), stamp.type, line)

    def _owners(self, skip: int) -> Iterator[int]:
        owners = (chunk for chunk, count in self.header.runs for _ in range(count))
        return islice(owners, skip, None)


def inflate_frame(key: str, frame: SessionFrame, body: bytes) -> bytes:
    """Inflate one frame, its checksum and its length verified."""
    try:
        # Asked first, because a decompressor allocates whatever a frame announces.
        announced = zstandard.frame_content_size(body)
        if announced != frame.raw_bytes:
            raise Damaged(f"{key}: frame at {frame.offset} announces {announced} bytes")
        return zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX).decompress(
            body, max_output_size=frame.raw_bytes, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise Damaged(f"{key}: frame at {frame.offset}: {error}") from error


def _decode_header(key: str, packed: bytes) -> SessionHeader:
    try:
        text = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX).decompress(
            packed, max_output_size=_HEADER_RAW_MAX, allow_extra_data=False
        )
        header = _HEADERS.decode(text)
    except (zstandard.ZstdError, msgspec.DecodeError, MemoryError) as error:
        raise Damaged(f"{key}: its header cannot be read: {error}") from error
    if header.format != FORMAT:
        raise Damaged(f"{key}: format {header.format}, this reader knows {FORMAT}")
    return header
