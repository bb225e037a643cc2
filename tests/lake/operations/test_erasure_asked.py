"""Whoever asks for an erasure may die before the answer: it is hidden, and carried out."""

import pytest

from lake import erasure
from lake.errors import SessionMissing
from lake.reading.lake_snapshot import Lake
from lake.reading.session_lookup import resolve_session
from tests.lake.operations.lakes import broken, compacted, killed_at
from tests.query_api.recorded import NOW_MS, Lakeful, page

REQUEST = """
from lake import erasure
from lake.reading.lake_snapshot import Lake
targets = erasure.ErasureTargets(sessions=({session_id!r},))
erasure.request_erasure(Lake(store, settings, lambda: now_ms), {website_id!r}, targets, by="test")
"""


def test_an_erasure_whose_request_is_killed_is_carried_out(lakeful: Lakeful) -> None:
    session = lakeful.record(page(NOW_MS, text="topsecret"))
    compacted(lakeful, {session.day})
    code = REQUEST.format(session_id=session.session_id, website_id=session.website_id)
    killed_at("erase-after-tombstone", lakeful.settings, code)

    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    with pytest.raises(SessionMissing):
        resolve_session(reader, lakeful.website, session.session_id)
    (done,) = erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=lambda _: lakeful.clock.tick()
    )
    assert done.done_at
    assert list(lakeful.store.list("sessions/")) == []
    assert broken(lakeful.store, lakeful.settings) == []
