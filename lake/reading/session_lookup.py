"""One session, wherever its chunks are: in its file, waiting, or both."""

from typing import NamedTuple

from lake import ids
from lake.control import websites
from lake.control.websites import Website
from lake.errors import IdMalformed, SessionMissing
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.pending_index import Waiting
from lake.reading.lake_snapshot import Lake, View
from lake.reading.pending_sessions import union_of
from lake.reading.retry_on_newer import asked_again
from lake.sessions.merge import Union
from lake.sessions.session_file import SessionFile
from lake.tables.compacted_sessions import Known, file_key, known_of
from lake.tables.delta_table import reading
from lake.tables.row_builders import users_of


class Found(NamedTuple):
    """A session at a moment. `file` is None where nothing was compacted yet."""

    view: View
    known: Known | None
    file: SessionFile | None
    union: Union
    waiting: tuple[Waiting, ...]

    @property
    def chunks(self) -> tuple[ChunkFacts, ...]:
        """All its chunks, in order of (page, seq)."""
        return self.union.chunks

    @property
    def client(self) -> Client:
        """Who sent the first of them."""
        return self.union.client


@asked_again
def find(lake: Lake, website: Website, session_id: str, *, newer: bool = False) -> Found:
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
    if day < websites.first_day_kept(website, lake.settings, now_ms=lake.now_ms()):
        raise missing
    was_stale = lake.is_stale
    view, pending = lake.with_sessions(website.website_id, newer=newer)
    key = (website.website_id, session_id)
    mine = pending.by_id.get(session_id)
    if mine is not None:
        known, union, waiting = mine.known, mine.union, mine.waiting
    else:
        tables = view.tables
        with reading("sessions"):
            rows = known_of(lake.store, tables["sessions"], tables["session_files"], [key])
        known = rows.get(key)
        if known is None and was_stale and not newer:
            return find(lake, website, session_id, newer=True)  # it may have come just now
        if known is None:
            raise missing
        union, waiting = union_of(known, ()), ()
    # Asked for after the data: what was found is hidden by whatever hides it now.
    gone = lake.erased.of(website.website_id)
    users = {user_id for facts in union.chunks for user_id in facts.users}
    if known is not None:
        users.update(users_of(known.row))
    if gone.hides(session_id, visitors=union.visitor_ids, users=users):
        raise missing
    file = SessionFile(lake.store, file_key(known.row)) if known else None
    return Found(view, known, file, union, waiting)
