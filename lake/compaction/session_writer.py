"""One session is written anew: its file, and the rows that tell of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from lake.analysis.analyzer import AnalysisResult, Analyzer
from lake.errors import Damaged
from lake.ids import day_of
from lake.raw.segment_file import ReceivedChunk
from lake.sessions import merge, session_file, session_file_writer
from lake.sessions.merge import ChunkUnion
from lake.sessions.session_file import OrderedEvent, SessionFile
from lake.sessions.session_file_writer import WrittenSessionFile
from lake.sessions.summary import summarize
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables import row_builders
from lake.tables.compacted_sessions import CompactedSession, open_session_file
from lake.tables.row_builders import Row


class RewrittenSession(NamedTuple):
    """A session's rows by table; `written` is its new file, None where only rows were made.

    `chunk_count` are its new chunks, `received_bytes` their payloads.
    """

    tables: dict[str, list[Row]]
    written: WrittenSessionFile | None
    chunk_count: int
    received_bytes: int

    @property
    def key(self) -> tuple[str, str]:
        """(website, session)."""
        return self.row["website_id"], self.row["session_id"]

    @property
    def row(self) -> Row:
        """The one of `sessions`."""
        return self.tables["sessions"][0]


def write_session(
    store: Store,
    settings: Settings,
    folder: Path,
    key: tuple[str, str],
    known: CompactedSession | None,
    union: ChunkUnion,
    payload_of: Callable[[ReceivedChunk], bytes],
) -> RewrittenSession:
    """Write the file of a session with new chunks into `folder`. Nothing reaches the lake yet.

    Raises:
        ChunkDamaged: One of the new chunks.
        Damaged, ObjectMissing: The old file.
    """
    website_id, session_id = key
    old = open_session_file(store, known.row) if known else None
    if old and known and old.header.chunks != known.chunks:
        raise Damaged(f"{old.key} holds other chunks than `session_files` says")
    events = merge.ordered_events(
        old.events() if old else None,
        old.header.chunks if old else (),
        union,
        payload_of,
        folder,
        settings,
    )
    analysis = Analyzer([chunk.page_id for chunk in union.chunks])
    written = session_file_writer.write_session_file(
        folder,
        _analysed(events, analysis),
        website_id=website_id,
        session_id=session_id,
        client=union.client,
        chunks=union.chunks,
        visitor_ids=union.visitor_ids,
        settings=settings,
    )
    counted = sum(frame.event_count for frame in written.header.frames)
    assert counted == sum(chunk.event_count for chunk in union.chunks), session_id
    tables = table_rows(written.header, analysis.end(), written.size_bytes, written.sha256)
    received_bytes = sum(received_chunk.payload_bytes for received_chunk in union.new)
    return RewrittenSession(tables, written, len(union.new), received_bytes)


def rows_from_file(file: SessionFile, *, size_bytes: int, sha256: str) -> RewrittenSession:
    """Make the rows of a session from its file alone.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    analysis = Analyzer([chunk.page_id for chunk in file.header.chunks])
    for event in file.events():
        analysis.see(event)
    tables = table_rows(file.header, analysis.end(), size_bytes, sha256)
    return RewrittenSession(tables, None, 0, 0)


def table_rows(
    header: session_file.SessionHeader, found: AnalysisResult, size_bytes: int, sha256: str
) -> dict[str, list[Row]]:
    """Make the rows of every table from a session file's header and its analysis."""
    summary = summarize(header.website_id, header.session_id, header.chunks, header.client)
    return {
        "sessions": [
            row_builders.session_row(
                summary,
                found,
                visitor_ids=header.visitors,
                file_bytes=size_bytes,
                file_sha256=sha256,
            )
        ],
        "pages": row_builders.page_rows(summary, found),
        "errors": row_builders.error_rows(summary, header.chunks, found.errors),
        "signals": row_builders.signal_rows(summary, found),
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
    """Send a written file to the lake and drop the local copy. May be repeated."""
    header = written.header
    day = day_of(header.session_id)
    key = keys.session_file_key(day, header.website_id, header.session_id, written.generation)
    if isinstance(written.content, bytes):
        store.put(key, written.content)
    else:
        store.put_file(key, written.content)
        written.content.unlink()


def _analysed(events: Iterator[OrderedEvent], analysis: Analyzer) -> Iterator[OrderedEvent]:
    for event in events:
        analysis.see(event)
        yield event
