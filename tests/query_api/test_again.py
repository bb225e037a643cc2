"""Table files that go away between a view and its use, as an erasure deletes them."""

from collections.abc import Callable

import pytest

from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Table
from lake.tables.schemas import BY_SESSION
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, page, script_error
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here


@pytest.fixture
def sessions(lakeful: Lakeful) -> list[Session]:
    """Two that are compacted."""
    made = [lakeful.session(began_ms=NOW_MS - 600_000 + n) for n in range(2)]
    for session in made:
        events = [*page(NOW_MS - 5_000), script_error(NOW_MS - 4_000), *moves(NOW_MS - 3_000, 9)]
        lakeful.append(session.chunks(events))
    lakeful.compact(made[0].day)
    summarise_day(lakeful.store, made[0].day)
    return made


def rewrite(lakeful: Lakeful, session: Session) -> None:
    """Compact more of the hour, and delete the tables' former files. No reader looks meanwhile."""
    late = lakeful.session(began_ms=session.began_ms + 5)
    now_ms = lakeful.clock.ms
    lakeful.append(late.chunks([*page(NOW_MS), script_error(NOW_MS + 1)]))
    lakeful.compact(session.day)
    lakeful.clock.ms = now_ms
    for name in BY_SESSION:
        active = {f"tables/{name}/{path}" for path in Table(lakeful.store, name).paths()}
        files = [
            item.key
            for item in lakeful.store.list(f"tables/{name}/")
            if item.key.endswith(".parquet") and item.key not in active
        ]
        assert files or name in ("signals",)
        lakeful.store.delete(files)


URLS: dict[str, Callable[[str, str], str]] = {
    "list": lambda website_id, _: f"/api/websites/{website_id}/sessions",
    "one": lambda website_id, session_id: f"/api/websites/{website_id}/sessions/{session_id}",
    "errors": lambda website_id, _: f"/api/websites/{website_id}/errors",
    "frustration": lambda website_id, _: f"/api/websites/{website_id}/frustration",
    "heatmap": lambda website_id, _: (
        f"/api/websites/{website_id}/heatmap?url=https://shop.example/"
    ),
    "pages": lambda website_id, _: f"/api/websites/{website_id}/pages",
    "days": lambda website_id, _: f"/api/websites/{website_id}/days",
    "replay": lambda _, session_id: f"/api/replay/{session_id}",
}


@pytest.mark.parametrize("what", URLS)
def test_a_table_that_is_newer_than_the_view_is_read_again(
    client: AppClient, lakeful: Lakeful, sessions: list[Session], what: str
) -> None:
    url = URLS[what](lakeful.website.website_id, sessions[0].session_id)
    headers = lakeful.headers()
    client.app.state.services.lake.snapshot()  # and nothing of it is read yet
    rewrite(lakeful, sessions[0])

    assert client.get(url, headers=headers).status_code == 200
    assert client.get(URLS["list"](lakeful.website.website_id, ""),
                      headers=headers).json()["total"] == 3  # fmt: skip


def test_a_table_file_that_is_lost_is_an_error_all_the_same(
    client: AppClient, lakeful: Lakeful, sessions: list[Session]
) -> None:
    headers, website_id = lakeful.headers(), lakeful.website.website_id
    client.app.state.services.lake.snapshot()
    files = [item.key for item in lakeful.store.list("tables/errors/part=")]
    lakeful.store.delete(files)

    assert client.get(URLS["errors"](website_id, ""), headers=headers).status_code == 503
