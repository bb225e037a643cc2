"""`exitUrl` is the last page of a visit, by any route and after any earlier page."""

from typing import Any

import polars as pl
import pytest

from lake.operations.rescore import rescore_day
from tests.lake.operations.damage import rewrite
from tests.lake.operations.lakes import broken
from tests.query_api.recorded import NOW_MS, Event, Lakeful, Session, moves, note, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

A, B, C = (f"https://shop.example/{name}" for name in "abc")
BEGAN_MS = NOW_MS - 600_000


def visit(at_s: float, url: str, title: str = "") -> list[Event]:
    """A page view within a page load, as our recorder notes it."""
    at_ms = BEGAN_MS + at_s * 1000
    return [note(at_ms, "page", url=url, title=title or url[-1].upper(), width=800, height=600)]


def loaded(at_s: float, url: str) -> list[Event]:
    return [*page(BEGAN_MS + at_s * 1000, url), *visit(at_s + 0.01, url)]


def acts(at_s: float) -> list[Event]:
    return moves(BEGAN_MS + at_s * 1000, 3)


def changes(at_s: float) -> list[Event]:
    """A page changes by itself, as it does in the background too."""
    data = {"source": 0, "texts": [], "attributes": [], "removes": [], "adds": []}
    return [{"type": 3, "timestamp": BEGAN_MS + at_s * 1000, "data": data}]


WAYS: dict[str, tuple[list[list[Event]], str | None, list[str | None]]] = {
    # page loads, each its events; where he was last; the page views
    "one page load": ([[*loaded(0, A), *visit(1, B), *visit(2, A)]], A, [A, B, A]),
    "page loads": ([loaded(0, A), loaded(1, B), loaded(2, A)], A, [A, B, A]),
    "there and on": ([[*loaded(0, A), *visit(1, B), *visit(2, A), *visit(3, C)]], C, [A, B, A, C]),
    "another tab": ([loaded(0, A), [*loaded(1, B), *acts(2)]], B, [A, B]),
    "back in the first tab": ([[*loaded(0, A), *acts(9)], [*loaded(1, B), *acts(2)]], A, [A, B]),
    "the other tab goes on by itself": (
        [[*loaded(0, A), *changes(9)], [*loaded(1, B), *acts(2), *changes(3)]],
        B,
        [A, B],
    ),
    "a tab that tells no address": ([loaded(0, A), acts(5)], A, [A, None]),
    "nothing tells an address": ([acts(0)], None, [None]),
    "the same page again": ([[*loaded(0, A), *visit(1, A)]], A, [A]),
}


def recorded(lakeful: Lakeful, way: str) -> Session:
    session = lakeful.session(began_ms=BEGAN_MS)
    # Chunks of three, sent in another order than they were recorded in.
    received_chunks = [
        chunk
        for events in WAYS[way][0]
        for chunk in session.chunks(events, page_id=session.new_page(), size=3)
    ]
    lakeful.append(received_chunks[::-1])
    return session


def session_detail(client: AppClient, lakeful: Lakeful, session: Session) -> dict[str, Any]:
    base = f"/api/websites/{session.website_id}/sessions"
    detail: dict[str, Any] = client.get(
        f"{base}/{session.session_id}", headers=lakeful.headers()
    ).json()
    rows = client.get(base, headers=lakeful.headers()).json()["sessions"]
    (row,) = [row for row in rows if row["sessionId"] == session.session_id]
    assert row.items() <= detail.items()
    return detail


def test_exit_url_is_the_page_on_which_the_visitor_was_last(
    client: AppClient, lakeful: Lakeful
) -> None:
    sessions = {way: recorded(lakeful, way) for way in WAYS}
    for _ in ("waiting", "compacted"):
        for way, session in sessions.items():
            _, last, urls = WAYS[way]
            detail = session_detail(client, lakeful, session)
            assert detail["exitUrl"] == last, way
            assert detail["initialUrl"] == urls[0], way
            assert [page["url"] for page in detail["pageList"]] == urls, way
            assert detail["pageViews"] == len(urls), way
            titles = [url and url[-1].upper() for url in urls]
            assert [page["title"] for page in detail["pageList"]] == titles, way
            assert sum(page["duration"] for page in detail["pageList"]) == detail["duration"], way
        lakeful.compact(session.day)
    assert broken(lakeful.store, lakeful.settings) == []


def test_rescoring_corrects_rows_of_an_older_version(client: AppClient, lakeful: Lakeful) -> None:
    session = recorded(lakeful, "one page load")
    lakeful.compact(session.day)
    rewrite(lakeful, "sessions", change=pl.lit(B).alias("exit_url"))
    rewrite(lakeful, "sessions", change=pl.lit(1, pl.Int32).alias("scoring_version"))
    lakeful.clock.tick()
    assert session_detail(client, lakeful, session)["exitUrl"] == B

    assert rescore_day(lakeful.store, session.day).session_count == 1
    lakeful.clock.tick()
    assert session_detail(client, lakeful, session)["exitUrl"] == A
    assert broken(lakeful.store, lakeful.settings) == []
