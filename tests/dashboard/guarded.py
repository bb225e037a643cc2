"""A tab in which hostile recordings are played, that tells all that it does."""

from playwright.sync_api import ConsoleMessage, Page

from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.dashboard.elsewhere import Elsewhere
from tests.dashboard.hostile import Hostile
from tests.dashboard.scenes import element, moved, opened, text, wrote
from tests.dashboard.watching import TEXT, ago, record
from tests.query_api.recorded import Session

LAST_WORD = "the rest plays"
NODES = tuple(number for number in range(1, 26) if number not in (22, 23, 24))
"""Attacks that are nodes of a page; the others are depths and numbers."""


class Guarded:
    """`violations` are effects that must not occur, `refused` those that the browser blocked."""

    def __init__(self, tab: Page, home: str, there: Elsewhere) -> None:
        self.tab = tab
        self.home = home
        self.there = there
        self.violations: list[str] = []
        self.refused: list[str] = []
        context = tab.context
        context.add_init_script("if (top === window) window.harm = []")
        context.on("page", lambda page: self.violations.append(f"opened {page.url}"))
        context.on("request", lambda request: self._see(request.url))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.violations.append(str(error.error)))
        tab.on("framenavigated", lambda frame: self._see(frame.url))
        tab.on("download", lambda download: self.violations.append(f"saved {download.url}"))
        tab.on("dialog", lambda dialog: self.violations.append(f"asked {dialog.message}"))

    def _see(self, url: str) -> None:
        if not url.startswith((self.home, "data:", "blob:", "about:blank")):
            self.violations.append(f"went to {url}")

    def _hear(self, message: ConsoleMessage) -> None:
        said = message.text
        if said.startswith("harm"):
            self.violations.append(said)
        if any(word in said for word in ("Content Security Policy", "sandboxed", "Not allowed")):
            self.refused.append(said)

    def forget(self) -> None:
        """Clear the violations, refusals and requests recorded so far."""
        for events in (self.violations, self.refused, self.there.hits):
            events.clear()

    def plays_to_the_end(self, path: str, wanted: str = LAST_WORD) -> None:
        """Open a session, and look at it until it ends."""
        self.tab.goto(path)
        eventually(lambda: wanted in str(self.tab.evaluate(TEXT)))
        self.tab.wait_for_selector(".player-play[title^=Play]")

    def is_unharmed(self) -> None:
        """Assert that no script ran, nothing was requested and the page was not left."""
        assert self.tab.evaluate("window.harm") == []
        assert self.violations == []
        assert self.there.hits == []
        assert self.tab.url.startswith(self.home)
        assert self.tab.locator("iframe").count() == 1
        frame = self.tab.locator(".player-screen iframe")
        assert frame.get_attribute("sandbox") == "allow-same-origin"


def hostile_session(desk: Desk, there: Elsewhere, *numbers: int) -> Session:
    """Store a session that is hostile at its start and later and ends with a harmless text."""
    hostile = Hostile(there.url)
    began = ago(3_600_000)
    last = element(90_000, "p", text(90_001, "before"))
    events = opened(began, *hostile.nodes(*numbers), last)
    at = began + 100
    for data in hostile.changes(*numbers):
        events.append({"type": 3, "timestamp": at, "data": data})
        at += 1
    events += [{"type": 3, "timestamp": at, "data": None}, wrote(at + 100, 90_001, LAST_WORD)]
    return record(desk, [*events, moved(at + 150)])
