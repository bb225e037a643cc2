"""A viewer of sessions in a browser, and sessions to view."""

import time

from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.query_api.recorded import Event, Session

TEXT = "document.querySelector('.player-screen iframe')?.contentDocument?.body?.innerText ?? ''"
"""JavaScript: what the recorded page says."""


class Viewer:
    """A browser signed in with a key of the lake's website."""

    def __init__(self, desk: Desk, role: str = "admin") -> None:
        self._lakeful = desk.lakeful
        self.tab = desk.sit_down(f"/#key={desk.lakeful.key(role=role)}")
        self.tab.get_by_role("navigation").wait_for()
        self.press = self.tab.keyboard.press

    def watch(self, session: Session, query: str = "") -> None:
        self.tab.goto(f"/sessions/{session.session_id}{query}")

    def shows(self, wanted: str) -> None:
        """Wait until the recorded page shows a text."""
        eventually(lambda: wanted in str(self.tab.evaluate(TEXT)))

    def at_s(self) -> int:
        """Position of the player, s."""
        return int(self.tab.get_by_role("slider").get_attribute("aria-valuenow") or -1)


def record(desk: Desk, *pages: list[Event]) -> Session:
    """Store a session of some page loads, and compact it."""
    session = desk.lakeful.session(began_ms=int(pages[0][0]["timestamp"]))
    for events in pages:
        page_id = session.new_page()
        desk.lakeful.append(session.chunks(events, page_id=page_id, size=100))
    desk.lakeful.compact(session.day)
    return session


def ago(ms: int) -> int:
    return int(time.time() * 1000) - ms
