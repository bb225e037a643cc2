"""Sessions past their retention, in every state that a lake has."""

from collections.abc import Callable

import pytest

from lake import failpoints
from lake.control.websites import Website
from lake.retention.removal import ExpiryReport
from lake.retention.run import expire_day, expired_days
from tests.lake.operations.lakes import DAY_MS, compacted
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, page

PRO_DAYS = 60
OVER_MS = NOW_MS - (PRO_DAYS + 1) * DAY_MS  # began on the last day that `pro` does not keep


def old(lakeful: Lakeful, days: int = PRO_DAYS + 1, website: Website | None = None) -> Session:
    """Record and compact a session that began so many days ago, as of then."""
    began_ms = NOW_MS - days * DAY_MS
    lakeful.clock.ms = began_ms
    session = lakeful.record([*page(began_ms), *moves(began_ms + 9, 9)], website, began_ms=began_ms)
    compacted(lakeful, {session.day})
    lakeful.clock.ms = NOW_MS
    return session


def old_with_all(lakeful: Lakeful, website: Website | None = None) -> Session:
    """One that also has a chunk that waits, and one that was put aside."""
    session = old(lakeful, website=website)
    lakeful.clock.ms = session.began_ms
    page_id = next(iter(session.page_seqs))
    lakeful.append([session.chunk(b'[{"type":3,"timestamp":1}]', page_id, 0)])  # other bytes
    lakeful.compact(session.day)
    lakeful.append(session.chunks(moves(session.began_ms + 5000, 4)))
    lakeful.clock.ms = NOW_MS
    return session


def expire(lakeful: Lakeful, *, dry_run: bool = False) -> list[ExpiryReport]:
    """Remove all that has expired."""
    days = expired_days(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    return [
        expire_day(lakeful.store, lakeful.settings, day, now_ms=NOW_MS, dry_run=dry_run)
        for day in days
    ]


def everything(lakeful: Lakeful) -> dict[str, bytes]:
    """All objects, the tables' files and logs too."""
    return {item.key: lakeful.store.get(item.key) for item in lakeful.store.list("")}


def at_point(monkeypatch: pytest.MonkeyPatch, name: str, action: Callable[[], object]) -> None:
    """Do something once, when this process comes to a crash point."""
    todo = [action]

    def point(reached: str) -> None:
        if reached == name and todo:
            todo.pop()()

    monkeypatch.setattr(failpoints, "failpoint", point)
