"""Modes `errors_only` and `smart`: no upload before a trigger, then the minute before it."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import eventually
from tests.recorder.browser import flushed, recorded, status
from tests.recorder.site import Site
from tests.recorder.stack import Stack

SHOP = """
<title>Shop</title>
<p id=log>nothing yet</p>
<button id=say onclick="log.textContent = 'said ' + (window.n = (window.n || 0) + 1)">Say</button>
<button id=fail onclick="throw new TypeError('no such coupon')">Fail</button>
<img id=dead width=80 height=80 alt="">
<a href="/next">Next</a>
<!--recorder-->
"""


@pytest.fixture
def shop(site: Site) -> str:
    site.pages["/"] = site.pages["/next"] = site.pages["/pricing"] = SHOP
    return f"{site.origin}/"


def triggered(page: Page, stack: Stack, session: str, kind: str) -> dict[str, Any]:
    """Wait until a session is triggered and stored, and return its detail."""
    eventually(lambda: status(page)["kept"] == kind)
    flushed(page)
    stack.listed(session)
    eventually(lambda: stack.detail(session)["trigger"] == kind)
    return stack.detail(session)


def said(stack: Stack, session: str) -> list[int]:
    """Numbers of the page's texts that are in the replay."""
    replay = str(stack.replay(session))
    return [number for number in range(1, 30) if f"'said {number}'" in replay]


def test_a_session_without_an_error_is_never_sent(page: Page, shop: str, stack: Stack) -> None:
    stack.change(session_replay_trigger="errors_only")
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.url) if "chunks" in request.url else None
    )
    page.goto(shop)
    recorded(page, "armed")
    for _ in range(5):
        page.click("#say")
        page.click("#dead")
    eventually(lambda: status(page)["bufferedBytes"] > 1000)
    page.click("a")
    page.wait_for_url("**/next")
    recorded(page, "armed")
    page.goto("about:blank")

    assert sent == []
    assert stack.sessions() == []


@pytest.mark.parametrize("mode", ["errors_only", "smart"])
def test_error_triggers_upload_of_buffer_and_later_pages(
    mode: str, page: Page, shop: str, stack: Stack
) -> None:
    stack.change(session_replay_trigger=mode, dead_clicks=False)
    page.goto(shop)
    session = recorded(page, "armed")
    page.click("#say")
    page.click("#say")
    page.click("#fail")
    detail = triggered(page, stack, session, "error")

    assert said(stack, session) == [1, 2]
    assert detail["hasErrors"]
    assert detail["isComplete"]
    (note,) = stack.notes(session, "trigger")
    assert note == {"kind": "error", "detail": "Uncaught TypeError: no such coupon"}
    page.click("#say")
    flushed(page)
    eventually(lambda: said(stack, session) == [1, 2, 3])
    page.click("a")
    page.wait_for_url("**/next")
    assert recorded(page) == session
    page.click("#fail")
    flushed(page)
    eventually(lambda: stack.detail(session)["errorCount"] == 2)
    assert len(stack.detail(session)["pageList"]) == 2
    assert len(stack.notes(session, "trigger")) == 1


def test_a_trigger_just_after_a_page_change_has_its_minute_too(
    page: Page, shop: str, stack: Stack
) -> None:
    stack.change(session_replay_trigger="errors_only")
    page.goto(shop)
    session = recorded(page, "armed")
    page.click("#say")
    page.click("a")
    page.wait_for_url("**/next")
    assert recorded(page, "armed") == session
    page.click("#fail")
    triggered(page, stack, session, "error")

    eventually(lambda: len(stack.detail(session)["pageList"]) == 2)
    assert said(stack, session) == [1]
    assert stack.detail(session)["isComplete"]


def test_minute_before_a_trigger_is_sent_on_a_long_open_page(
    page: Page, shop: str, stack: Stack
) -> None:
    """A checkpoint each minute, of which two stay: the trigger comes just after the third."""
    stack.change(session_replay_trigger="errors_only")
    page.clock.install()
    page.goto(shop)
    page.clock.run_for(3_000)
    session = recorded(page, "armed")
    for _ in range(19):
        page.click("#say")
        page.clock.run_for(10_000)
    page.click("#fail")
    page.clock.run_for(3_000)
    triggered(page, stack, session, "error")

    events = stack.replay(session)
    error = next(e for e in events if e["type"] == 5 and e["data"]["tag"] == "replaylake.error")
    first = next(e for e in events if e["type"] == 2)
    assert error["timestamp"] - first["timestamp"] >= 60_000
    assert error["timestamp"] - first["timestamp"] < 150_000
    assert set(range(14, 20)) <= set(said(stack, session))
    assert 1 not in said(stack, session)


def test_next_session_is_armed_anew(page: Page, shop: str, stack: Stack) -> None:
    stack.change(session_replay_trigger="errors_only")
    page.clock.install()
    page.goto(shop)
    page.clock.run_for(3_000)
    first = recorded(page, "armed")
    page.click("#fail")
    page.clock.run_for(2_000)
    recorded(page, "recording")
    page.clock.fast_forward(31 * 60_000)
    page.click("#say")
    page.clock.run_for(3_000)

    assert recorded(page, "armed") != first
    assert status(page)["kept"] is None


def test_smart_mode_triggers_on_clicks_urls_and_api_calls(
    page: Page, shop: str, stack: Stack
) -> None:
    stack.change(session_replay_trigger="smart")
    browser = page.context.browser
    assert browser is not None

    def expect_trigger(path: str, kind: str, act: str) -> None:
        with browser.new_context() as context:
            visitor = context.new_page()
            visitor.goto(shop + path)
            eventually(lambda: status(visitor).get("state") in ("armed", "recording"))
            if kind == "manual":
                visitor.evaluate(act)
            elif kind != "url":
                visitor.click(act, click_count=4 if kind == "rage_click" else 1)
            triggered(visitor, stack, str(status(visitor)["sessionId"]), kind)

    expect_trigger("", "rage_click", "#dead")
    expect_trigger("", "dead_click", "#dead")
    expect_trigger("pricing", "url", "")
    expect_trigger("", "manual", "replaylake.trigger('chat opened')")


def test_page_too_large_for_the_buffer_reports_it(page: Page, site: Site, stack: Stack) -> None:
    stack.change(session_replay_trigger="errors_only")
    words = "".join(f"<p>paragraph {number} of many</p>" for number in range(70_000))
    site.pages["/"] = words + SHOP
    page.goto(f"{site.origin}/")
    recorded(page, "armed")

    assert "too large" in status(page)["reason"]
    assert status(page)["bufferedBytes"] < 5_000_000
