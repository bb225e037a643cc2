"""Conditions for recording a visitor, and the pages that form one session."""

import re
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Page

from tests.conftest import eventually
from tests.recorder.browser import flushed, recorded, status
from tests.recorder.site import Answer, Request, Site
from tests.recorder.stack import Stack

SHOP = "<title>Shop</title><a href='/cart'>Cart</a><button>Buy</button><!--recorder-->"
YEARS = timedelta(days=3652)
HELD = "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"


@pytest.fixture
def shop(site: Site) -> str:
    site.pages["/"] = site.pages["/cart"] = SHOP
    return f"{site.origin}/"


def off(page: Page, reason: str) -> None:
    """Wait until the recorder reports why it is off; assert that it stores nothing.

    That the visitor refused is remembered, as the next page has to know.
    """
    eventually(lambda: reason in status(page).get("reason", ""))
    page.click("button")
    assert status(page)["state"] == "off"
    assert status(page)["waitingBytes"] == status(page)["bufferedBytes"] == 0
    assert page.evaluate(HELD).replace('"replaylake.refused":"1"', "") == '[{},{},""]'


def requested_paths(page: Page, stack: Stack) -> list[str]:
    """Collect the paths that a page asks the ingest API for."""
    paths: list[str] = []
    page.on(
        "request",
        lambda request: (
            paths.append(request.url.removeprefix(stack.ingest.url).split("?")[0])
            if request.url.startswith(stack.ingest.url)
            else None
        ),
    )
    return paths


def test_pages_of_a_tab_share_one_session_and_one_storage_key(
    page: Page, shop: str, stack: Stack
) -> None:
    page.goto(shop)
    session = recorded(page)
    page.click("a")
    page.wait_for_url("**/cart")
    eventually(lambda: recorded(page) == session)
    flushed(page)

    eventually(lambda: len(stack.detail(session)["pageList"]) == 2)
    assert stack.listed(session)["isComplete"]
    session_keys, local, cookie = page.evaluate(
        "[Object.keys(sessionStorage), {...localStorage}, document.cookie]"
    )
    assert (session_keys, local, cookie) == (["replaylake"], {}, "")


def test_opened_tab_is_a_session_of_its_own(page: Page, shop: str, stack: Stack) -> None:
    page.goto(shop)
    first = recorded(page)
    with page.expect_popup() as popup:
        page.evaluate("window.open('/cart')")
    second = recorded(popup.value)
    page.click("button")
    flushed(page)
    flushed(popup.value)

    def has_events(session: str) -> bool:
        return len(stack.replay(session)) > 3

    assert first != second
    for session, path in ((first, "/"), (second, "/cart")):
        eventually(partial(has_events, session))
        hrefs = {e["data"]["href"] for e in stack.replay(session) if e["type"] == 4}
        assert {href.removeprefix(shop[:-1]) for href in hrefs} == {path}


def test_half_an_hour_of_inactivity_ends_the_session(page: Page, shop: str, stack: Stack) -> None:
    page.clock.install()
    page.goto(shop)
    page.clock.run_for(3_000)
    first = recorded(page)
    page.mouse.move(5, 5)
    page.clock.fast_forward(31 * 60_000)
    page.evaluate("document.body.append('changed by nobody')")
    page.click("button")
    page.clock.run_for(2_000)
    second = recorded(page)
    page.clock.run_for(6_000)
    flushed(page)

    assert second != first
    eventually(lambda: any(event["type"] == 2 for event in stack.replay(second)))
    assert "changed by nobody" in str(stack.replay(second))
    assert "changed by nobody" not in str(stack.replay(first))


@pytest.mark.parametrize("wrong_by", [-YEARS, YEARS], ids=["slow", "fast"])
def test_clock_wrong_by_ten_years_makes_a_session_of_today(
    wrong_by: timedelta, page: Page, shop: str, stack: Stack
) -> None:
    page.clock.install(time=datetime.now(UTC) + wrong_by)
    page.goto(shop)
    page.clock.run_for(3_000)
    session = recorded(page)
    page.click("button")
    page.clock.run_for(6_000)
    flushed(page)

    listed = stack.listed(session)
    started = datetime.fromisoformat(listed["startedAt"])
    assert abs(datetime.now(UTC) - started) < timedelta(minutes=2)
    eventually(lambda: len(stack.replay(session)) > 3)
    times = [event["timestamp"] for event in stack.replay(session)]
    assert abs(times[0] / 1000 - started.timestamp()) < 60
    assert times == sorted(times)


def test_consent_starts_recording_and_withdrawal_drops_unsent(
    page: Page, shop: str, stack: Stack
) -> None:
    stack.change(require_consent=True)
    paths = requested_paths(page, stack)
    page.goto(shop)
    off(page, "consent")
    assert "/v1/chunks" not in paths

    page.evaluate("replaylake.consent(true)")
    session = recorded(page)
    flushed(page)
    eventually(lambda: any(event["type"] == 2 for event in stack.replay(session)))
    page.evaluate("document.body.append('after all')")
    eventually(lambda: status(page)["waitingBytes"] > 0)
    page.evaluate("replaylake.consent(false)")

    off(page, "consent")
    page.goto("about:blank")
    assert "after all" not in str(stack.replay(session))


def test_consent_given_before_the_script_loads_is_honoured(
    page: Page, site: Site, stack: Stack
) -> None:
    stack.change(require_consent=True)
    early = "<script>(window.replaylake = window.replaylake || []).push({})</script>"
    site.pages["/"] = early.format('["consent", true]') + SHOP
    site.pages["/no"] = early.format('["consent", false]') + SHOP
    page.goto(f"{site.origin}/")
    recorded(page)
    other = page.context.browser.new_page()  # type: ignore[union-attr]
    other.goto(f"{site.origin}/no")
    off(other, "consent was withdrawn")
    other.close()


def test_browser_with_gpc_makes_no_config_request(page: Page, shop: str, stack: Stack) -> None:
    page.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})"
    )
    paths = requested_paths(page, stack)
    page.goto(shop)
    off(page, "Global Privacy Control")
    page.evaluate("replaylake.consent(true); replaylake.start()")
    off(page, "Global Privacy Control")
    assert paths == ["/r.js"]


def test_disabled_website_receives_no_upload(page: Page, shop: str, stack: Stack) -> None:
    stack.change(enable_session_replay=False)
    paths = requested_paths(page, stack)
    page.goto(shop)
    off(page, "does not record")
    assert "/v1/chunks" not in paths


def test_unsampled_visitor_is_not_recorded_on_any_page(page: Page, shop: str, stack: Stack) -> None:
    stack.change(replay_sampling_rate=0.0)
    paths = requested_paths(page, stack)
    page.goto(shop)
    eventually(lambda: "not in the sample" in status(page).get("reason", ""))
    stack.change(replay_sampling_rate=0.999999)  # whoever is asked again is in
    page.click("a")
    page.wait_for_url("**/cart")
    eventually(lambda: "not in the sample" in status(page).get("reason", ""))

    assert status(page)["sessionId"] is None
    assert "/v1/chunks" not in paths
    assert page.evaluate("JSON.stringify(sessionStorage)") == "{}"


def test_trigger_keeps_an_unsampled_session_and_its_next_pages(
    page: Page, shop: str, stack: Stack
) -> None:
    stack.change(replay_sampling_rate=0.0)
    page.goto(shop)
    eventually(lambda: "not in the sample" in status(page).get("reason", ""))

    page.evaluate("replaylake.trigger('support')")
    session = recorded(page)
    assert status(page)["kept"] == "manual"
    page.click("a")
    page.wait_for_url("**/cart")

    assert recorded(page) == session
    flushed(page)
    eventually(lambda: len(stack.detail(session)["pageList"]) == 2)
    assert stack.detail(session)["trigger"] == "manual"


def test_automated_browser_is_recorded_only_if_the_tag_allows_it(
    site: Site, stack: Stack, page: Page
) -> None:
    away = site.origin.replace("127.0.0.1", "shop.test")
    stack.change(origins=[site.origin, away])
    site.pages["/"] = SHOP
    site.pages["/allowed"] = SHOP.replace("<!--recorder-->", "") + site.tag.replace(
        "<script", '<script data-bots="record"'
    )
    page.goto(f"{away}/")
    off(page, "automated browsers")
    page.goto(f"{away}/allowed")
    recorded(page)


def test_page_api_stops_starts_identifies_and_reports_status(
    page: Page, shop: str, stack: Stack
) -> None:
    page.goto(shop)
    session = recorded(page)
    page.evaluate("replaylake.identify('u-17')")
    page.evaluate("document.body.append('while it records')")
    page.evaluate("replaylake.stop()")
    assert status(page)["state"] == "off"
    page.evaluate("document.body.append('while it does not')")
    page.click("button")
    page.evaluate("replaylake.start()")
    assert recorded(page) == session
    flushed(page)

    eventually(lambda: stack.listed(session)["userId"] == "u-17")
    eventually(lambda: sum(event["type"] == 2 for event in stack.replay(session)) == 2)
    before = [event for event in stack.replay(session) if event["type"] == 3]
    assert "while it records" in str(before)
    assert "while it does not" not in str(before)
    assert page.evaluate("replaylake.sessionUrl()") is None  # no dashboard is known


def test_debug_parameter_logs_recorder_activity_to_the_console(page: Page, shop: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(shop)
    recorded(page)
    assert not [line for line in said if "replaylake" in line]
    page.goto(f"{shop}?replaylake_debug=1")
    recorded(page)
    assert any(re.search(r"\[replaylake\].*starting", line) for line in said)


def test_two_tags_on_a_page_record_it_once(page: Page, site: Site, stack: Stack) -> None:
    site.pages["/"] = SHOP + "<!--recorder-->"
    page.goto(f"{site.origin}/")
    session = recorded(page)
    flushed(page)
    eventually(lambda: len(stack.replay(session)) > 2)
    assert sum(event["type"] == 2 for event in stack.replay(session)) == 1


def test_loading_page_is_recorded_from_the_first_action(
    page: Page, site: Site, stack: Stack
) -> None:
    answered = threading.Event()

    def late(_: Request) -> Answer:
        answered.wait(60)
        return Answer("", type="image/png")

    site.pages["/late.png"] = late
    site.pages["/"] = "<title>Shop</title><button>Buy</button><img src=/late.png><!--recorder-->"
    page.goto(f"{site.origin}/", wait_until="domcontentloaded")
    eventually(lambda: status(page).get("state") == "starting")
    page.click("button", no_wait_after=True)
    session = recorded(page)
    answered.set()
    flushed(page)

    eventually(lambda: any(event["type"] == 2 for event in stack.replay(session)))


def test_errors_of_a_loading_page_are_recorded(page: Page, site: Site, stack: Stack) -> None:
    site.pages["/late.js"] = Answer(
        "setTimeout(() => { throw new TypeError('while loading') });"
        "Promise.reject(new RangeError('meanwhile'))",
        type="text/javascript",
    )
    # The script is put in once the recorder knows that it may listen.
    site.pages["/"] = """
    <title>Shop</title><!--recorder--><img src=/hold.png>
    <script>
      const timer = setInterval(() => {
        if (window.replaylake?.status?.().state !== "starting") return;
        clearInterval(timer);
        document.head.append(Object.assign(document.createElement("script"), {src: "/late.js"}));
      }, 10);
    </script>
    """
    held = threading.Event()

    def hold(_: Request) -> Answer:
        held.wait(60)
        return Answer("", type="image/png")

    site.pages["/hold.png"] = hold
    page.goto(f"{site.origin}/", wait_until="domcontentloaded")
    eventually(lambda: any(request.url == "/late.js" for request in site.requests))
    eventually(
        lambda: (
            page.evaluate("performance.getEntriesByName(location.origin + '/late.js').length") == 1
        )
    )
    held.set()
    session = recorded(page)
    flushed(page)

    eventually(lambda: len(stack.notes(session, "error")) == 2)
    errors = {(note["source"], note["message"]) for note in stack.notes(session, "error")}
    assert errors == {
        ("error", "Uncaught TypeError: while loading"),
        ("rejection", "RangeError: meanwhile"),
    }


def test_refused_id_is_a_problem_in_the_status(page: Page, site: Site) -> None:
    site.pages["/"] = "<p>Shop</p><!--recorder-->"
    page.goto(f"{site.origin}/")
    recorded(page)

    page.evaluate("replaylake.identify('user-7')")
    assert status(page)["problems"] == []
    page.evaluate("replaylake.identify('219099999')")
    assert status(page)["problems"] == [
        {"kind": "identify-refused", "detail": "the id is like an SSN"}
    ]
