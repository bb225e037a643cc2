"""A browser on the dashboard of a real query API, and sessions of today."""

import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Request, ViewportSize

from lake.control import websites
from lake.control.websites import Website
from tests.conftest import WAIT_S
from tests.query_api.recorded import Lakeful, note, page, script_error

SHOP = "https://shop.example"
INGEST = "https://ingest.example"


@dataclass
class Desk:
    """The services, and what a browser did there that it should not: `complaints`."""

    lakeful: Lakeful
    url: str
    browser: Browser
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def sit_down(self, path: str = "/", *, width: int = 1280, **options: Any) -> Page:
        """Open an address in a new browser context."""
        viewport: ViewportSize = {"width": width, "height": 800}
        context = self.browser.new_context(base_url=self.url, viewport=viewport, **options)
        context.set_default_timeout(WAIT_S * 1000)
        tab = context.new_page()

        def note_request(request: Request) -> None:
            self.requested.append(request.url)
            if not request.url.startswith((self.url, "data:", "blob:")):
                self.complaints.append(f"asked {request.url}")

        tab.on("request", note_request)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        tab.goto(path)
        return tab

    def open(
        self, website: Website, path: str = "/sessions", *, role: str = "viewer", **options: Any
    ) -> Page:
        """Sign in by a link and go to an address."""
        tab = self.sit_down(f"/#key={self.lakeful.key(website, role)}", **options)
        tab.get_by_role("navigation").wait_for()
        tab.goto(path)
        return tab

    def website(self, **settings: object) -> Website:
        """Make a website, with settings changed."""
        made = self.lakeful.new_website()
        changes = {"enable_session_replay": True, **settings}
        return websites.change(
            self.lakeful.store, made.website_id, changes, by="a test", now_ms=now_ms()
        )

    def visit(
        self,
        website: Website,
        *,
        ago_ms: int = 3_600_000,
        user: str = "",
        url: str = f"{SHOP}/",
        errors: tuple[str, ...] = (),
        rages_at_ms: int | None = None,
    ) -> str:
        """Store one small session and return its id. Its errors come 9 s after its start."""
        began_ms = now_ms() - ago_ms
        events = [*page(began_ms, url), note(began_ms + 1, "page", url=url, title="Shop")]
        if user:
            events.append(note(began_ms + 2, "identify", id=user))
        if rages_at_ms is not None:
            rage = {"target": "#pay", "x": 1, "y": 2, "clicks": 5}
            events.append(note(began_ms + rages_at_ms, "rage_click", **rage))
        events += [script_error(began_ms + 9_000, message) for message in errors]
        return self.lakeful.record(events, website, began_ms=began_ms).session_id


def now_ms() -> int:
    return int(time.time() * 1000)
