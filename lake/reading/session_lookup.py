"""One session, wherever its chunks are: in its file, waiting, or both."""

from typing import NamedTuple

from lake import ids
from lake.control import websites
from lake.control.websites import Website
from lake.errors import IdMalformed, SessionMissing
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.pending_index import PendingChunk
from lake.reading.lake_snapshot import Lake, LakeSnapshot
from lake.reading.pending_sessions import chunk_union
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.sessions.merge import ChunkUnion
from lake.sessions.session_file import SessionFile
from lake.tables.compacted_sessions import CompactedSession, file_key, read_compacted_sessions
from lake.tables.delta_table import reading
from lake.tables.row_builders import users_of


class ResolvedSession(NamedTuple):
    """A session at a moment. `file` is None where nothing was compacted yet."""

    view: LakeSnapshot
    known: CompactedSession | None
    file: SessionFile | None
    union: ChunkUnion
    waiting: tuple[PendingChunk, ...]

    @property
    def chunks(self) -> tuple[ChunkFacts, ...]:
        """All its chunks, in order of (page, seq)."""
        return self.union.chunks

    @property
    def client(self) -> Client:
        """Who sent the first of them."""
        return self.union.client


@retry_on_newer_snapshot
def resolve_session(
    lake: Lake, website: Website, session_id: str, *, newer: bool = False
) -> ResolvedSession:
    """Return a session of a website.

    Args:
        newer: Look again, whatever was looked up a moment ago.

    Raises:
        SessionMissing: There is none, or it is expired or erased; nothing tells which.
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
    view, pending = lake.snapshot_with_sessions(website.website_id, newer=newer)
    key = (website.website_id, session_id)
    mine = pending.by_id.get(session_id)
    if mine is not None:
        known, union, waiting = mine.known, mine.union, mine.waiting
    else:
        tables = view.tables
        with reading("sessions"):
            rows = read_compacted_sessions(
                lake.store, tables["sessions"], tables["session_files"], [key]
            )
        known = rows.get(key)
        if known is None and was_stale and not newer:
            return resolve_session(
                lake, website, session_id, newer=True
            )  # it may have come just now
        if known is None:
            raise missing
        union, waiting = chunk_union(known, ()), ()
    # Asked for after the data: what was found is hidden by whatever hides it now.
    gone = lake.erased.of(website.website_id)
    users = {user_id for facts in union.chunks for user_id in facts.users}
    if known is not None:
        users.update(users_of(known.row))
    if gone.is_erased(session_id, visitors=union.visitor_ids, users=users):
        raise missing
    file = SessionFile(lake.store, file_key(known.row)) if known else None
    return ResolvedSession(view, known, file, union, waiting)
