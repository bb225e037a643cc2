"""A session's pending chunks merged with the part of its file that they overlap, for one reader.

The result has the form of a session file. It is in memory while it is small, else in an unnamed
temporary file that disappears with its last reader. It never reaches the lake.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lake.control.websites import Website
from lake.errors import StoreUnavailable
from lake.raw.payload_spool import PayloadSpool, SegmentLost
from lake.reading.lake_snapshot import Lake
from lake.reading.session_lookup import ResolvedSession, resolve_session
from lake.sessions import merge, session_file_writer
from lake.sessions.merge import ChunkDamaged
from lake.sessions.session_file import SessionFile
from lake.storage.scratch import scratch_folder

_TRIES_MAX = 5
_ZSTD_LEVEL = 1  # one reader reads it once

T = TypeVar("T")


def with_payloads(
    lake: Lake,
    website: Website,
    session_id: str,
    read: Callable[[ResolvedSession, PayloadSpool, Path], T],
) -> T:
    """Call `read` with a session, the payloads of its new chunks and a temporary folder.

    Repeats the call on a newer snapshot if a segment was compacted meanwhile, and without a chunk
    that turns out to be damaged: the others can still be read.

    Raises:
        SessionMissing, Damaged, StoreUnavailable.
    """
    session = resolve_session(lake, website, session_id)
    for _ in range(_TRIES_MAX):
        with scratch_folder() as folder:
            new = {received_chunk.source for received_chunk in session.union.new}
            chunks = [chunk for chunk in session.pending if (chunk.key, chunk.row) in new]
            try:
                with PayloadSpool(lake.store, chunks, folder / "spool") as spool:
                    return _read_undamaged(session, spool, folder, read)
            except SegmentLost as lost:
                if lost.damage is None:
                    session = resolve_session(lake, website, session_id, newer=True)
                    continue
                union = session.union
                for chunk in chunks:
                    if chunk.key == lost.key:
                        union = union.without(chunk.received_chunk)
                session = session._replace(union=union)
    raise StoreUnavailable("segments were deleted before they could be read: try again")


def _read_undamaged(
    session: ResolvedSession,
    spool: PayloadSpool,
    folder: Path,
    read: Callable[[ResolvedSession, PayloadSpool, Path], T],
) -> T:
    while True:
        try:
            return read(session, spool, folder)
        except ChunkDamaged as damage:
            union = session.union.without(damage.received_chunk)
            session = session._replace(union=union)


def write_live_tail(
    lake: Lake, session: ResolvedSession, spool: PayloadSpool, folder: Path, first: int, last: int
) -> SessionFile:
    """Write the new chunks and the file's frames [first, last) into one local session file.

    Raises:
        ChunkDamaged, Damaged, StoreUnavailable.
    """
    website_id, session_id = session.key
    union, file = session.union, session.file
    events = merge.ordered_events(
        file.events(first, last) if file else None,
        file.header.chunks if file else (),
        union,
        spool.payload_of,
        folder,
        lake.settings,
    )
    written = session_file_writer.write_session_file(
        folder,
        events,
        website_id=website_id,
        session_id=session_id,
        client=union.client,
        chunks=union.chunks,
        visitor_ids=union.visitor_ids,
        settings=replace(lake.settings, zstd_level=_ZSTD_LEVEL),
    )
    return SessionFile(_LocalContent(written.content), f"pending chunks of session {session_id}")


class _LocalContent:
    """One local file that may be unlinked, or its bytes, as a `session_file.RangeReader`."""

    def __init__(self, content: bytes | Path) -> None:
        self._body = content if isinstance(content, bytes) else None
        self._descriptor = -1 if isinstance(content, bytes) else os.open(content, os.O_RDONLY)

    def get_range(self, key: str, start: int, end: int) -> bytes:  # noqa: ARG002 - only one
        """Return bytes [start, end)."""
        if self._body is not None:
            return self._body[start:end]
        return os.pread(self._descriptor, end - start, start)

    def __del__(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
