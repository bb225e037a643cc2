"""What the tables know of sessions: where the rows lie, which chunks the file holds. Reads only."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from lake.errors import Damaged, ObjectMissing
from lake.ids import day_of
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.sessions.session_file import SessionFile
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.delta_table import Snapshot
from lake.tables.row_builders import Row, client_of, unpack_chunks, visitors_of
from lake.tables.session_rows import SessionKey, rows_of


class CompactedSession(NamedTuple):
    """A compacted session. `has_derived_rows` says that the other tables are as new as `sessions`.

    `damage` is why its chunks cannot be told, None as a rule. They are kept as JSON, a tenth of
    what they take as objects.
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
        """Who sent any of them."""
        return visitors_of(self.row)

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


def open_session_file(store: Store, row: Row) -> SessionFile:
    """Open the session file that a row of `sessions` points at.

    Raises:
        Damaged: Or it is not the file that the row tells of.
        ObjectMissing, StoreUnavailable.
    """
    file = SessionFile(store, file_key(row))
    header = file.header
    found = (header.website_id, header.session_id, file.size_bytes)
    if found != (row["website_id"], row["session_id"], row["file_bytes"]):
        raise Damaged(f"{file.key} is {found}, its row in `sessions` says otherwise")
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

    Where `session_files` does not tell the chunks (its part is cold) or is behind (after a crash
    between two commits), the file itself does.

    Args:
        have: What was returned before, as it is again where a row is still the same.

    Raises:
        StoreUnavailable.
    """
    rows = {_key(row): row for row in rows_of(sessions, wanted).to_dicts()}
    found = {key: have[key] for key, row in rows.items() if key in have and have[key].row == row}
    changed = [key for key in rows if key not in found]
    files = {_key(row): row for row in rows_of(session_files, changed).to_dicts()}
    for key in changed:
        row = rows[key]
        file = files.get(key)
        has_derived_rows = file is not None and file["file_sha256"] == row["file_sha256"]
        if file is not None and has_derived_rows and file["chunks"] is not None:
            found[key] = CompactedSession(row, file["chunks"], has_derived_rows=True)
            continue
        try:
            chunks = open_session_file(store, row).header.chunks
        except (Damaged, ObjectMissing) as error:
            found[key] = CompactedSession(row, b"[]", has_derived_rows=False, damage=str(error))
        else:
            found[key] = CompactedSession(row, msgspec.json.encode(chunks), has_derived_rows)
    return found


def _key(row: Row) -> SessionKey:
    return row["website_id"], row["session_id"]
