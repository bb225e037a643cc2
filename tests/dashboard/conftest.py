"""A browser, and the dashboard of a real query API over a lake that tests fill."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from lake.settings import Settings
from lake.storage.base import open_store
from tests.conftest import WAIT_S
from tests.dashboard.desk import INGEST, Desk, now_ms
from tests.query_api.recorded import Clock, Lakeful
from tests.recorder import browser as browsers
from tests.support.processes import QUERY, serving

expect.set_options(timeout=WAIT_S * 1000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with browsers.launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def the_desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    settings = Settings(lake=str(folder / "lake"), pending_refresh_ms=100, ingest_url=INGEST)
    lakeful = Lakeful(open_store(settings), settings, Clock(now_ms()))
    with serving(settings, folder / "query.log", command=QUERY) as server:
        yield Desk(lakeful, server.url, browser)


@pytest.fixture
def desk(the_desk: Desk) -> Iterator[Desk]:
    """Each test has websites of its own in it. Whatever is shown, no page may complain."""
    the_desk.requested.clear()
    the_desk.complaints.clear()
    yield the_desk
    for context in the_desk.browser.contexts:
        context.close()
    assert the_desk.complaints == []
