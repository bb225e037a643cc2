"""Compacted sessions as the tables have them: row, part and the chunks in the file. Reads only."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from lake.errors import Damaged, ObjectMissing
from lake.ids import day_of
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.pending_index import PendingChunk
from lake.sessions import merge
from lake.sessions.merge import ChunkUnion
from lake.sessions.session_file import SessionFile
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.delta_table import Snapshot
from lake.tables.row_builders import Row, client_of, unpack_chunks, visitors_of
from lake.tables.session_rows import SessionKey, rows_of


class CompactedSession(NamedTuple):
    """A session with a row in `sessions`.

    `has_derived_rows`: the other tables are as new as that row. `damage` is the reason why its
    chunks are unknown, else None. `packed_chunks` are its chunk facts as JSON, a tenth of their
    size as objects.
    """

    row: Row
    packed_chunks: bytes
    has_derived_rows: bool
    damage: str | None = None

    @property
    def chunks(self) -> tuple[ChunkFacts, ...]:
        """The chunks in its file, in order of (page, seq)."""
        return unpack_chunks(self.packed_chunks)

    @property
    def visitor_ids(self) -> list[str]:
        """All visitors whose chunks are in the file."""
        return visitors_of(self.row)

    @property
    def client(self) -> Client:
        """The client that sent the first of the chunks."""
        return client_of(self.row)


def file_key(row: Row) -> str:
    """Return the key of the session file that a row of `sessions` points at."""
    session_id = row["session_id"]
    return keys.session_file_key(
        day_of(session_id), row["website_id"], session_id, row["file_sha256"][:16]
    )


def open_session_file(store: Store, row: Row) -> SessionFile:
    """Open the session file that a row of `sessions` points at.

    Raises:
        Damaged: It cannot be read, or is not the file that the row describes.
        ObjectMissing, StoreUnavailable.
    """
    file = SessionFile(store, file_key(row))
    header = file.header
    identity = (header.website_id, header.session_id, file.size_bytes)
    if identity != (row["website_id"], row["session_id"], row["file_bytes"]):
        raise Damaged(f"{file.key} is {identity}, its row in `sessions` says otherwise")
    return file


def read_compacted_sessions(
    store: Store,
    sessions: Snapshot,
    session_files: Snapshot,
    wanted: Iterable[SessionKey],
    *,
    have: Mapping[SessionKey, CompactedSession] = MappingProxyType({}),
) -> dict[SessionKey, CompactedSession]:
    """Return those of the sessions that have a row in `sessions`.

    Their chunks come from `session_files`. Where that table has none (its part is cold) or is
    behind (after a crash between two commits), they come from the session file itself.

    Args:
        have: An earlier result; its objects are reused where the row is unchanged.

    Raises:
        StoreUnavailable.
    """
    rows = {_key(row): row for row in rows_of(sessions, wanted).to_dicts()}
    compacted = {
        key: have[key] for key, row in rows.items() if key in have and have[key].row == row
    }
    changed = [key for key in rows if key not in compacted]
    files = {_key(row): row for row in rows_of(session_files, changed).to_dicts()}
    for key in changed:
        row = rows[key]
        file = files.get(key)
        is_current = file is not None and file["file_sha256"] == row["file_sha256"]
        if file is not None and is_current and file["chunks"] is not None:
            compacted[key] = CompactedSession(row, file["chunks"], has_derived_rows=True)
            continue
        try:
            chunks = open_session_file(store, row).header.chunks
        except (Damaged, ObjectMissing) as error:
            compacted[key] = CompactedSession(row, b"[]", has_derived_rows=False, damage=str(error))
        else:
            packed = msgspec.json.encode(chunks)
            compacted[key] = CompactedSession(row, packed, has_derived_rows=is_current)
    return compacted


def chunk_union(compacted: CompactedSession | None, pending: Iterable[PendingChunk]) -> ChunkUnion:
    """Return all chunks of a session: those in its file and those that are pending, oldest first.

    Args:
        compacted: None where the session has no file yet; then there is a pending chunk.
    """
    return merge.unite_chunks(
        compacted.chunks if compacted else (),
        compacted.client if compacted else None,
        (chunk.received_chunk for chunk in pending),
        compacted.visitor_ids if compacted else (),
    )


def _key(row: Row) -> SessionKey:
    return row["website_id"], row["session_id"]
