"""Rewrite of one session: its file, and its rows in every table."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lake.analysis.analyzer import AnalysisResult, Analyzer
from lake.errors import Damaged
from lake.ids import day_of
from lake.raw.pending_index import PendingChunk
from lake.raw.quarantine import RejectedChunk
from lake.raw.segment_file import ReceivedChunk
from lake.sessions import merge, session_file, session_file_writer
from lake.sessions.merge import ChunkDamaged, ChunkUnion
from lake.sessions.session_file import OrderedEvent, SessionFile
from lake.sessions.session_file_writer import WrittenSessionFile
from lake.sessions.summary import summarize
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables import row_builders
from lake.tables.compacted_sessions import CompactedSession, chunk_union, open_session_file
from lake.tables.row_builders import Row
from lake.tables.session_rows import SessionKey


class RewrittenSession(NamedTuple):
    """A session's rows by table, and its new file; `written` is None where only rows were made.

    `chunk_count` counts its new chunks, `received_bytes` their payloads.
    """

    tables: dict[str, list[Row]]
    written: WrittenSessionFile | None
    chunk_count: int
    received_bytes: int

    @property
    def key(self) -> SessionKey:
        """(website id, session id)."""
        return self.row["website_id"], self.row["session_id"]

    @property
    def row(self) -> Row:
        """The row of `sessions`."""
        return self.tables["sessions"][0]


def needed_payloads(union: ChunkUnion, pending: Iterable[PendingChunk]) -> list[PendingChunk]:
    """Return the chunks whose payloads a rewrite may read: new ones, and those it may reject.

    Of a new chunk that came twice both are needed, in case the first is damaged.
    """
    in_union = {facts.place: facts for facts in union.chunks}
    new = {received_chunk.facts.place for received_chunk in union.new}
    return [
        chunk
        for chunk in pending
        if (place := chunk.received_chunk.facts.place) in new
        or place not in in_union
        or not merge.has_same_content(in_union[place], chunk.received_chunk.facts)
    ]


def write_readable(
    store: Store,
    settings: Settings,
    folder: Path,
    key: SessionKey,
    compacted: CompactedSession | None,
    pending: Iterable[PendingChunk],
    payload_of: Callable[[ReceivedChunk], bytes],
    rejected: list[RejectedChunk],
) -> RewrittenSession | None:
    """Write a session with those of its pending chunks that can be read; None: none is new.

    Args:
        folder: For the file; nothing reaches the lake yet.
        rejected: Gets the chunks that belong in quarantine, with the reason.

    Raises:
        Damaged, ObjectMissing: The old file.
    """
    readable = list(pending)
    union: ChunkUnion | None = None
    result: RewrittenSession | None = None
    while compacted or readable:
        union = chunk_union(compacted, readable)
        if not union.new:
            break
        try:
            result = write_session(store, settings, folder, key, compacted, union, payload_of)
            break
        except ChunkDamaged as damage:
            bad = damage.received_chunk
            rejected.append(RejectedChunk(bad, str(damage)))
            readable = [chunk for chunk in readable if (chunk.key, chunk.row) != bad.source]
            union = None
    if union is not None:
        rejected += [
            RejectedChunk(received_chunk, merge.rejection_reason(union, received_chunk))
            for received_chunk in union.rejected
        ]
    return result


def write_session(
    store: Store,
    settings: Settings,
    folder: Path,
    key: SessionKey,
    compacted: CompactedSession | None,
    union: ChunkUnion,
    payload_of: Callable[[ReceivedChunk], bytes],
) -> RewrittenSession:
    """Write the file of a session with new chunks into `folder`. Nothing reaches the lake yet.

    Raises:
        ChunkDamaged: One of the new chunks.
        Damaged, ObjectMissing: The old file.
    """
    website_id, session_id = key
    old = open_session_file(store, compacted.row) if compacted else None
    if old and compacted and old.header.chunks != compacted.chunks:
        raise Damaged(f"{old.key} holds other chunks than `session_files` says")
    events = merge.ordered_events(
        old.events() if old else None,
        old.header.chunks if old else (),
        union,
        payload_of,
        folder,
        settings,
    )
    analyzer = Analyzer([chunk.page_id for chunk in union.chunks])
    written = session_file_writer.write_session_file(
        folder,
        _analysed(events, analyzer),
        website_id=website_id,
        session_id=session_id,
        client=union.client,
        chunks=union.chunks,
        visitor_ids=union.visitor_ids,
        settings=settings,
    )
    counted = sum(frame.event_count for frame in written.header.frames)
    assert counted == sum(chunk.event_count for chunk in union.chunks), session_id
    tables = table_rows(written.header, analyzer.end(), written.size_bytes, written.sha256)
    received_bytes = sum(received_chunk.payload_bytes for received_chunk in union.new)
    return RewrittenSession(tables, written, len(union.new), received_bytes)


def rows_from_file(file: SessionFile, *, size_bytes: int, sha256: str) -> RewrittenSession:
    """Make the rows of a session from its file alone.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    analyzer = Analyzer([chunk.page_id for chunk in file.header.chunks])
    for event in file.events():
        analyzer.see(event)
    tables = table_rows(file.header, analyzer.end(), size_bytes, sha256)
    return RewrittenSession(tables, None, 0, 0)


def table_rows(
    header: session_file.SessionHeader, analysis: AnalysisResult, size_bytes: int, sha256: str
) -> dict[str, list[Row]]:
    """Make the rows of every table from a session file's header and its analysis."""
    summary = summarize(header.website_id, header.session_id, header.chunks, header.client)
    return {
        "sessions": [
            row_builders.session_row(
                summary,
                analysis,
                visitor_ids=header.visitors,
                file_bytes=size_bytes,
                file_sha256=sha256,
            )
        ],
        "pages": row_builders.page_rows(summary, analysis),
        "errors": row_builders.error_rows(summary, header.chunks, analysis.errors),
        "signals": row_builders.signal_rows(summary, analysis),
        "session_files": [
            row_builders.file_row(
                summary,
                header.chunks,
                file_bytes=size_bytes,
                file_sha256=sha256,
                frame_count=len(header.frames),
            )
        ],
    }


def upload_session_file(store: Store, written: WrittenSessionFile) -> None:
    """Store a written file and delete the local copy. May be repeated.

    Raises:
        StoreUnavailable.
    """
    header = written.header
    day = day_of(header.session_id)
    key = keys.session_file_key(day, header.website_id, header.session_id, written.generation)
    if isinstance(written.content, bytes):
        store.put(key, written.content)
    else:
        store.put_file(key, written.content)
        written.content.unlink()


def _analysed(events: Iterator[OrderedEvent], analyzer: Analyzer) -> Iterator[OrderedEvent]:
    for event in events:
        analyzer.see(event)
        yield event
