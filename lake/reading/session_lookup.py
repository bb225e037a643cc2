"""One session of a website, whether its chunks are compacted, pending, or both."""

from typing import NamedTuple

from lake import ids
from lake.control import websites
from lake.control.websites import Website
from lake.errors import IdMalformed, SessionMissing
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.pending_index import PendingChunk
from lake.reading.lake_snapshot import Lake, LakeSnapshot
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.sessions.merge import ChunkUnion
from lake.sessions.session_file import SessionFile
from lake.tables.compacted_sessions import (
    CompactedSession,
    chunk_union,
    file_key,
    read_compacted_sessions,
)
from lake.tables.delta_table import reading
from lake.tables.row_builders import users_of
from lake.tables.session_rows import SessionKey


class ResolvedSession(NamedTuple):
    """A session as of one snapshot of the lake.

    `compacted` and `file` are None where nothing was compacted yet. `pending` are its pending
    chunks, of which some may be in the file already; `union` has each chunk once.
    """

    key: SessionKey
    snapshot: LakeSnapshot
    compacted: CompactedSession | None
    file: SessionFile | None
    union: ChunkUnion
    pending: tuple[PendingChunk, ...]

    @property
    def chunks(self) -> tuple[ChunkFacts, ...]:
        """All its chunks, in order of (page, seq)."""
        return self.union.chunks

    @property
    def client(self) -> Client:
        """The client that sent the first of them."""
        return self.union.client


@retry_on_newer_snapshot
def resolve_session(
    lake: Lake, website: Website, session_id: str, *, newer: bool = False
) -> ResolvedSession:
    """Return a session of a website.

    Args:
        newer: Use a new snapshot, however young the current one is.

    Raises:
        SessionMissing: There is none, or it is expired or erased; the error does not say which.
        Damaged, StoreUnavailable.
    """
    missing = SessionMissing(f"website {website.website_id} has no session {session_id[:64]!r}")
    try:
        day = ids.day_of(ids.check_uuid7(session_id, "session"))
    except IdMalformed as error:
        raise missing from error
    if day < websites.first_retained_day(website, lake.settings, now_ms=lake.now_ms()):
        raise missing
    was_stale = lake.is_stale
    snapshot, with_pending = lake.snapshot_with_sessions(website.website_id, newer=newer)
    key = (website.website_id, session_id)
    pending = with_pending.by_id.get(session_id)
    if pending is not None:
        compacted, union, chunks = pending.compacted, pending.union, pending.chunks
    else:
        tables = snapshot.tables
        with reading("sessions"):
            rows = read_compacted_sessions(
                lake.store, tables["sessions"], tables["session_files"], [key]
            )
        compacted = rows.get(key)
        if compacted is None and was_stale and not newer:
            # It may have arrived since the snapshot.
            return resolve_session(lake, website, session_id, newer=True)
        if compacted is None:
            raise missing
        union, chunks = chunk_union(compacted, ()), ()
    # Tombstones are read after the data, so that they hide all of it that is erased by now.
    tombstones = lake.tombstones.read(website.website_id)
    users = {user_id for facts in union.chunks for user_id in facts.users}
    if compacted is not None:
        users.update(users_of(compacted.row))
    if tombstones.is_erased(session_id, visitors=union.visitor_ids, users=users):
        raise missing
    file = SessionFile(lake.store, file_key(compacted.row)) if compacted else None
    return ResolvedSession(key, snapshot, compacted, file, union, chunks)
