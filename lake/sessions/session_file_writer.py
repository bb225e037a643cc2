"""Write session files: cut ordered events into zstd frames, then put the header before them.

The same chunks give the same bytes: nothing here depends on when or how they arrived. The events
and their order are decided in `lake.sessions.merge`.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import zstandard

from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.rrweb_events import FULL_SNAPSHOT, META
from lake.sessions.session_file import (
    FORMAT,
    PREFIX,
    SKIPPABLE,
    OrderedEvent,
    SessionFrame,
    SessionHeader,
)
from lake.settings import Settings

_LEVEL_MAX = 19  # higher levels use larger windows than browsers decode
_BODY_MEMORY_BYTES_MAX = 8 << 20  # frames of most sessions fit, and need no temporary file


class WrittenSessionFile(NamedTuple):
    """A finished file: its bytes or, if it is large, the path of a temporary file."""

    content: bytes | Path
    size_bytes: int
    sha256: str
    header: SessionHeader

    @property
    def generation(self) -> str:
        """The part of the object's key that identifies its bytes."""
        return self.sha256[:16]


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
    """Write a session's file one frame at a time, a large one into `folder`.

    Args:
        folder: A temporary folder, which the caller removes.
        events: In replay order; `chunk` is an index of `chunks`.
        chunks: In order of (page, seq), each once.
        visitor_ids: Visitors of all chunks, sorted.

    Raises:
        OSError: The disk failed, or is full.
    """
    # Two websites may have a session of the same id, and one may still be uploading.
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


class _FrameWriter:
    """Cuts events into frames, compresses them and records where each is."""

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


def _encode_header(header: SessionHeader) -> bytes:
    packed = zstandard.ZstdCompressor(level=9, write_checksum=True).compress(
        msgspec.json.encode(header)
    )
    return PREFIX.pack(SKIPPABLE, len(packed)) + packed
