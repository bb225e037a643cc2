"""The system's Chromium, and the states of a recorded page that tests wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

from orchestration.demo import chromium
from tests.conftest import eventually

# A host that is not this machine.
_ARGUMENTS = [*chromium.ARGUMENTS, "--host-resolver-rules=MAP shop.test 127.0.0.1"]


@contextmanager
def launched() -> Iterator[Browser]:
    """Run a browser."""
    with sync_playwright() as playwright, started(playwright.chromium) as browser:
        yield browser


@contextmanager
def started(kind: BrowserType, *, is_whole: bool = False, **options: Any) -> Iterator[Browser]:
    """Run a browser of Playwright's. The options are those of its `launch`."""
    executable = chromium.find(is_whole=is_whole)
    assert executable, chromium.MISSING
    browser = kind.launch(executable_path=executable, args=_ARGUMENTS, **options)
    yield browser
    browser.close()


def status(page: Page) -> dict[str, Any]:
    """Return the recorder's `status()`; without `state` if it has not started."""
    state: dict[str, Any] = page.evaluate("window.replaylake?.status?.() ?? {}")
    return state


def recorded(page: Page, state: str = "recording") -> str:
    """Wait until the page is recorded, or in another state, and return the session's id."""
    try:
        eventually(lambda: status(page).get("state") == state)
    except AssertionError as error:
        raise AssertionError(f"not {state}: {status(page)}") from error
    return str(status(page)["sessionId"])


def flushed(page: Page) -> None:
    """Wait until what is recorded up to now is stored, and see that the recorder is well."""

    def is_flushed() -> bool:
        state = status(page)
        upload = state["lastUpload"]
        return state["waitingBytes"] == 0 and upload is not None and upload["status"] == 202

    eventually(is_flushed)
    assert status(page)["failures"] == 0
