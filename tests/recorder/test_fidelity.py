"""After each interaction of a visit, the replay shows what the visitor saw.

The sites are in `sites/`, what is done on them in `walks`, how the live page and its replay are
read and compared in `fidelity`. What is compared came the whole way: out of the real recorder,
through ingest and lake, out of the query API.
"""

import mimetypes
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import eventually
from tests.recorder import fidelity
from tests.recorder.browser import recorded
from tests.recorder.site import Answer, Site
from tests.recorder.stack import Stack
from tests.recorder.walks import WALKS, walk

_SITES = Path(__file__).parent / "sites"


@pytest.mark.sample(4)
@pytest.mark.parametrize("name", WALKS)
def test_replay_equals_the_live_page(
    name: str, browser: Browser, page: Page, site: Site, stack: Stack
) -> None:
    publish(site, name)
    page.add_init_script(fidelity.READER)
    page.goto(f"{site.origin}/{name}/index.html")
    session = recorded(page)
    live: list[fidelity.Moment] = []

    def read(page: Page, step: str) -> None:
        assert recorded(page) == session
        live.append(fidelity.moment(page, step))

    walk(page, WALKS[name], read)
    differences = fidelity.differences(live, replayed(browser, page, stack, session, live))
    sought = live[len(live) // 2 :][:1]
    differences_after_seek = fidelity.differences(
        sought, replayed(browser, page, stack, session, sought)
    )

    assert not differences, differences
    assert not differences_after_seek, differences_after_seek


# Pages of which rrweb alone does not see all that a visitor sees: what they hold, what is done.
_MENDED = {
    "a form is reset": (
        "<form><input id=a><input id=b type=checkbox><input name=elements></form>",
        "a.value = 'Ann'; b.click(); setTimeout(() => document.forms[0].reset(), 50)",
    ),
    "an audio player stands there": ("<audio controls></audio>", ""),
    "a blank box has a border": (
        "<style>video { border: 5px solid }</style><video width=100 height=50></video>",
        "",
    ),
}
_GAPS = {
    "a rule's style is set as a property": (
        "<style>p { width: 50px }</style><p>wide</p>",
        "document.styleSheets[0].cssRules[0].style.width = '175px'",
    ),
    "a sheet is disabled": (
        "<style>p { width: 50px }</style><p>wide</p>",
        "document.styleSheets[0].disabled = true",
    ),
    "a popover is shown": ("<div popover id=menu>Copy</div>", "menu.showPopover()"),
}


def test_patched_cases_replay_like_the_live_page(
    browser: Browser, page: Page, site: Site, stack: Stack
) -> None:
    differences = fidelity.differences(*live_and_replayed(browser, page, site, stack, _MENDED))

    assert not differences, differences


def test_known_gaps_still_differ_in_the_replay(
    browser: Browser, page: Page, site: Site, stack: Stack
) -> None:
    """If this fails, the gap that it names is closed: move it to the mended ones."""
    live, shown = live_and_replayed(browser, page, site, stack, _GAPS)

    assert [
        seen.step
        for seen, replayed_moment in zip(live, shown, strict=True)
        if seen == replayed_moment
    ] == []


def live_and_replayed(
    browser: Browser, page: Page, site: Site, stack: Stack, pages: dict[str, tuple[str, str]]
) -> tuple[list[fidelity.Moment], list[fidelity.Moment]]:
    """Visit pages, do on each what is to be done, and read them live and in the replay."""
    page.add_init_script(fidelity.READER)
    live: list[fidelity.Moment] = []
    for name, (html, script) in pages.items():
        path = f"/{fidelity.mark(name)}"
        site.pages[path] = f"<!doctype html><title>Page</title>{html}<!--recorder-->"
        page.goto(f"{site.origin}{path}")
        session = recorded(page)
        page.evaluate(f"() => {{ {script} }}")
        live.append(fidelity.moment(page, name))
    return live, replayed(browser, page, stack, session, live)


def replayed(
    browser: Browser, page: Page, stack: Stack, session: str, live: list[fidelity.Moment]
) -> list[fidelity.Moment]:
    """Leave the page; return what the replay shows at these moments, once they are stored."""
    page.goto("about:blank")
    steps = [step for step, _ in live]
    wanted = {fidelity.mark(step) for step in steps}
    eventually(lambda: wanted <= fidelity.marks(stack.replay(session)).keys())
    return fidelity.replayed(browser, stack.replay(session), steps)


def publish(site: Site, name: str) -> None:
    """Put one of `sites/` onto the web server."""
    for file in (_SITES / name).iterdir():
        kind = mimetypes.guess_type(file.name)[0] or ""
        site.pages[f"/{name}/{file.name}"] = Answer(file.read_text(), type=f"{kind}; charset=utf-8")
