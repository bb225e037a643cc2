"""Waiting chunks as if they were compacted: a session file of their events, for one reader.

Held in memory while it is small, else in a file without a name that goes with its last reader.
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
from lake.sessions.merge import ChunkDamaged, ChunkUnion
from lake.sessions.session_file import SessionFile
from lake.storage.scratch import scratch_folder

_TRIES_MAX = 5
_LEVEL = 1  # of what is written for one reader

T = TypeVar("T")


def with_payloads(
    lake: Lake,
    website: Website,
    session_id: str,
    read: Callable[[ResolvedSession, PayloadSpool, Path], T],
) -> T:
    """Call `read` with a session and the payloads of its new chunks.

    Again with a newer view where a segment was compacted in between, and without what is damaged:
    the rest can still be read. `read` may use the folder.

    Raises:
        SessionMissing, Damaged, StoreUnavailable.
    """
    found = resolve_session(lake, website, session_id)
    for _ in range(_TRIES_MAX):
        with scratch_folder() as folder:
            new = {received_chunk.source for received_chunk in found.union.new}
            items = [item for item in found.waiting if (item.key, item.row) in new]
            try:
                with PayloadSpool(lake.store, items, folder / "spool") as spool:
                    return _undamaged(found, spool, folder, read)
            except SegmentLost as lost:
                if lost.damage is None:
                    found = resolve_session(lake, website, session_id, newer=True)
                    continue
                union = found.union
                for item in items:
                    if item.key == lost.key:
                        union = union.without(item.received_chunk)
                found = found._replace(union=union)
    raise StoreUnavailable("segments were deleted before they could be read: try again")


def _undamaged(
    found: ResolvedSession,
    spool: PayloadSpool,
    folder: Path,
    read: Callable[[ResolvedSession, PayloadSpool, Path], T],
) -> T:
    while True:
        try:
            return read(found, spool, folder)
        except ChunkDamaged as damage:
            found = found._replace(union=found.union.without(damage.received_chunk))


def write_live_tail(
    lake: Lake, found: ResolvedSession, spool: PayloadSpool, folder: Path, first: int, last: int
) -> SessionFile:
    """Write the new chunks and the file's frames [first, last) into one session file.

    Raises:
        ChunkDamaged, Damaged, StoreUnavailable.
    """
    union: ChunkUnion = found.union
    file = found.file
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
        website_id="",
        session_id="tail",
        client=union.client,
        chunks=union.chunks,
        visitor_ids=union.visitor_ids,
        settings=replace(lake.settings, zstd_level=_LEVEL),
    )
    return SessionFile(_LocalObject(written.content), "tail")


class _LocalObject:
    """What a `SessionFile` reads of a store, over one local file that may be unlinked."""

    def __init__(self, content: bytes | Path) -> None:
        self._body = content if isinstance(content, bytes) else None
        self._descriptor = -1 if isinstance(content, bytes) else os.open(content, os.O_RDONLY)

    def get_range(self, key: str, start: int, end: int) -> bytes:  # noqa: ARG002 - there is one
        """Return bytes [start, end)."""
        if self._body is not None:
            return self._body[start:end]
        return os.pread(self._descriptor, end - start, start)

    def __del__(self) -> None:
        """Let the file go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
