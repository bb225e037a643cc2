"""A browser, a website that it visits, and the services that record it: all real.

def test_a_click_is_recorded(page: Page, site: Site, stack: Stack) -> None:
    site.pages["/"] = "<button>Buy</button><!--recorder-->"
    page.goto(f"{site.origin}/")
    session = recorded(page)
"""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import WAIT_S
from tests.recorder import browser as browsers
from tests.recorder import site as sites
from tests.recorder import stack as stacks
from tests.recorder.site import Site
from tests.recorder.stack import Services, Stack


# Not for the whole run: while Playwright is there, its event loop counts as running in this
# thread, and the tests of other folders could not call `asyncio.run`.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with browsers.launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nothing yet."""
    with browser.new_context() as context:
        context.set_default_timeout(WAIT_S * 1000)
        yield context.new_page()


@pytest.fixture
def bare_site() -> Iterator[Site]:
    """A website without a recorder."""
    with sites.served() as site:
        yield site


# One lake for the tests of a file: each has a website of its own in it.
@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with stacks.running(tmp_path_factory.mktemp("services")) as services:
        yield services


@pytest.fixture
def stack(bare_site: Site, services: Services) -> Iterator[Stack]:
    """A website of the site's origin, which records everything, and its services."""
    with closing(Stack(services, bare_site.origin)) as stack:
        yield stack


@pytest.fixture
def site(bare_site: Site, stack: Stack) -> Site:
    """A website of which pages with `<!--recorder-->` are recorded."""
    bare_site.tag = (
        f'<script async src="{stack.ingest.url}/r.js" data-website="{stack.website_id}"></script>'
    )
    return bare_site
