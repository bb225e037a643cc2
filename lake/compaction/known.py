"""What the tables know of sessions: where the rows lie, which chunks the file holds. Reads only."""

from collections.abc import Iterable
from typing import NamedTuple

from lake import keys
from lake.facts import ChunkFacts, Client
from lake.ids import day_of
from lake.session_files import SessionFile
from lake.store import Store
from lake.tables.rows import Row, chunks_of, client_of
from lake.tables.sessions import Key, rows_of
from lake.tables.table import Snapshot


class Known(NamedTuple):
    """A compacted session. `is_derived` says that the other tables are as new as `sessions`."""

    row: Row
    chunks: tuple[ChunkFacts, ...]
    is_derived: bool

    @property
    def client(self) -> Client:
        """Who sent the first of the chunks."""
        return client_of(self.row)


def file_key(row: Row) -> str:
    """Return the key of the session file that a row of `sessions` points at."""
    session_id = row["session_id"]
    return keys.session_file_key(
        day_of(session_id), row["website_id"], session_id, row["file_sha256"][:16]
    )


def known_of(
    store: Store, sessions: Snapshot, session_files: Snapshot, wanted: Iterable[Key]
) -> dict[Key, Known]:
    """Return those of the sessions that have a row in `sessions`.

    Where `session_files` is behind, after a crash between two commits, the file itself tells.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    rows = {_key(row): row for row in rows_of(sessions, wanted).to_dicts()}
    files = {_key(row): row for row in rows_of(session_files, rows).to_dicts()}
    found = {}
    for key, row in rows.items():
        file = files.get(key)
        is_derived = file is not None and file["file_sha256"] == row["file_sha256"]
        chunks = (
            chunks_of(file)
            if file is not None and is_derived
            else SessionFile(store, file_key(row)).header.chunks
        )
        found[key] = Known(row, chunks, is_derived)
    return found


def _key(row: Row) -> Key:
    return row["website_id"], row["session_id"]
