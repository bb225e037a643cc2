"""Uploads of recorded events: over bad networks, and from pages that are left."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page, Route

from tests.conftest import eventually
from tests.recorder.browser import flushed, recorded, status
from tests.recorder.site import Site
from tests.recorder.stack import Stack

PAGE = """
<title>Shop</title>
<p id=log>nothing yet</p>
<button onclick="log.textContent = 'said ' + (window.n = (window.n || 0) + 1)">Say</button>
<a href="/next">Next</a>
<!--recorder-->
"""


@pytest.fixture
def shop(site: Site) -> str:
    site.pages["/"] = site.pages["/next"] = PAGE
    return f"{site.origin}/"


@pytest.fixture(autouse=True)
def untroubled(page: Page) -> Callable[[], None]:
    """Fail if a fault of the recorder raises an error in the page."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return lambda: pytest.fail(str(errors)) if errors else None


def said(stack: Stack, session: str) -> list[int]:
    replay = str(stack.replay(session))
    return [number for number in range(1, 30) if f"'said {number}'" in replay]


def refuse(
    page: Page, status_code: int, times: int, headers: dict[str, str] | None = None
) -> list[int]:
    """Answer the next uploads with a status; return how often it was done."""
    done: list[int] = []

    def answer(route: Route) -> None:
        if len(done) >= times:
            route.continue_()
            return
        done.append(status_code)
        cors = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after"}
        route.fulfill(status=status_code, headers=cors | (headers or {}), body="")

    page.route("**/v1/chunks*", answer)
    return done


def test_first_events_are_sent_at_once_and_seqs_are_consecutive(
    page: Page, shop: str, stack: Stack
) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(shop)
    session = recorded(page)
    for _ in range(2):
        flushed(page)
        page.click("button")
        eventually(lambda: status(page)["waitingBytes"] > 0)
    flushed(page)

    eventually(lambda: said(stack, session) == [1, 2])
    seqs = [url.split("&seq=")[1].split("&")[0] for url in requested if "/v1/chunks" in url]
    assert seqs == [str(number) for number in range(len(seqs))]
    assert len(seqs) >= 3
    assert stack.listed(session)["isComplete"]


@pytest.mark.sample(2)
@pytest.mark.parametrize("code", [503, 429, 500, 408])
def test_failed_uploads_are_sent_later(
    code: int, page: Page, shop: str, stack: Stack, untroubled: Callable[[], None]
) -> None:
    done = refuse(page, code, times=2, headers={"retry-after": "1"})
    page.goto(shop)
    session = recorded(page)
    page.click("button")
    flushed(page)

    assert done == [code, code]
    eventually(lambda: said(stack, session) == [1])
    assert stack.listed(session)["isComplete"]
    untroubled()


def test_offline_visitor_loses_no_event(
    page: Page, shop: str, stack: Stack, untroubled: Callable[[], None]
) -> None:
    page.goto(shop)
    session = recorded(page)
    flushed(page)
    page.context.set_offline(True)
    page.click("button")
    eventually(lambda: status(page)["lastUpload"]["status"] == 0)
    page.click("button")
    page.context.set_offline(False)
    flushed(page)

    eventually(lambda: said(stack, session) == [1, 2])
    assert stack.listed(session)["isComplete"]
    untroubled()


def test_too_large_chunk_is_sent_in_halves(
    page: Page, shop: str, stack: Stack, untroubled: Callable[[], None]
) -> None:
    page.goto(shop)
    session = recorded(page)
    flushed(page)
    done = refuse(page, 413, times=2)
    for _ in range(3):
        page.click("button")
    flushed(page)

    assert done == [413, 413]
    eventually(lambda: said(stack, session) == [1, 2, 3])
    assert stack.listed(session)["isComplete"]
    untroubled()


@pytest.mark.parametrize("code", [403, 404, 410, 204])
def test_unwanted_recording_stops_uploads(
    code: int, page: Page, shop: str, untroubled: Callable[[], None]
) -> None:
    done = refuse(page, code, times=1000)
    page.goto(shop)
    eventually(lambda: status(page).get("state") == "off" and bool(done))
    page.click("button")

    assert status(page)["waitingBytes"] == 0
    assert done == [code]
    assert page.evaluate("Object.keys(sessionStorage)") == []
    untroubled()


def test_last_action_before_leaving_a_page_arrives(page: Page, shop: str, stack: Stack) -> None:
    page.goto(shop)
    session = recorded(page)
    flushed(page)
    page.evaluate("document.querySelector('button').click(); location.href = '/next'")
    page.wait_for_url("**/next")
    page.goto("about:blank")

    eventually(lambda: said(stack, session) == [1])
    detail = stack.detail(session)  # of the next page there may be no snapshot yet
    assert detail["pageList"][0]["pageId"] not in [gap["pageId"] for gap in detail["gaps"]]


def test_very_short_visit_is_recorded_from_its_first_snapshot(
    page: Page, site: Site, stack: Stack
) -> None:
    items = "".join(f"<li class='item n{n % 7}'>Thing number {n}</li>" for n in range(1_500))
    site.pages["/"] = f"<ul>{items}</ul>{PAGE}"
    page.goto(f"{site.origin}/")
    session = recorded(page)
    page.goto("about:blank")

    eventually(lambda: any(event["type"] == 2 for event in stack.replay(session)))
    assert stack.listed(session)["isComplete"]


def test_snapshot_larger_than_the_send_buffer_is_recorded_once(
    page: Page, site: Site, stack: Stack
) -> None:
    words = "".join(f"<p>paragraph {number} of many</p>" for number in range(70_000))
    site.pages["/"] = f"{words}{PAGE}"
    page.goto(f"{site.origin}/")
    session = recorded(page)
    page.click("button")
    flushed(page)

    eventually(lambda: said(stack, session) == [1])
    assert sum(event["type"] == 2 for event in stack.replay(session)) == 1
    assert stack.notes(session, "gap") == []


def test_events_beyond_the_beacon_limit_leave_with_the_next_page(
    page: Page, shop: str, stack: Stack, untroubled: Callable[[], None]
) -> None:
    page.goto(shop)
    session = recorded(page)
    flushed(page)
    # Noise, which hardly compresses: more than all beacons of a page may carry.
    page.evaluate(
        """() => {
          for (let i = 0; i < 150; i++) {
            const p = document.createElement("p");
            p.textContent = Array.from({length: 300}, () =>
              Math.random().toString(36).slice(2, 5)).join(" ");
            document.body.append(p);
          }
          document.body.append("the end");
          location.href = "/next";
        }"""
    )
    page.wait_for_url("**/next")
    assert recorded(page) == session
    flushed(page)

    eventually(lambda: "the end" in str(stack.replay(session)))
    eventually(lambda: stack.listed(session)["isComplete"])
    assert page.evaluate("Object.keys(sessionStorage)") == ["replaylake"]
    untroubled()


def test_crashed_tab_loses_its_last_seconds_at_most(page: Page, shop: str, stack: Stack) -> None:
    page.goto(shop)
    session = recorded(page)
    page.click("button")
    flushed(page)
    page.click("button")
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")

    eventually(lambda: said(stack, session)[:1] == [1])
    assert stack.listed(session)["isComplete"]


@pytest.mark.parametrize("trouble", ["full", "forbidden"])
def test_full_or_forbidden_storage_causes_no_page_error(
    trouble: str, page: Page, shop: str, stack: Stack, untroubled: Callable[[], None]
) -> None:
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') }"
        if trouble == "full"
        else "Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('no') }})"
    )
    page.goto(shop)
    session = recorded(page)
    page.click("button")
    flushed(page)

    eventually(lambda: said(stack, session) == [1])
    page.goto(f"{shop}next")
    recorded(page)
    untroubled()


def test_uploads_need_no_cors_preflight(page: Page, shop: str) -> None:
    methods: list[str] = []
    page.on(
        "request", lambda request: methods.append(request.method) if "/v1/" in request.url else None
    )
    page.goto(shop)
    recorded(page)
    flushed(page)

    assert methods[:2] == ["GET", "POST"]
    assert set(methods) == {"GET", "POST"}
