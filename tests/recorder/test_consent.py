"""Withdrawn consent, whatever is under way: nothing is sent, stored or uploaded later."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.conftest import eventually
from tests.recorder.browser import flushed, recorded, status
from tests.recorder.site import Site
from tests.recorder.stack import Stack

PAGE = """<title>Shop</title><p id=log>nothing</p><a href=/next>Next</a>
<button onclick="log.textContent = 'planted-text'">Say</button><!--recorder-->"""
# An earlier page left these: its chunks, what its buffer held, and its session.
LEFT = """
for (const key of ["replaylake.left", "replaylake.buffer"])
  sessionStorage.setItem(key, JSON.stringify([{
    session: "%s", secret: "%s", page: "%s", seq: 7, from_ms: Date.now(), to_ms: Date.now(),
    events: ['{"type":5,"timestamp":1,"data":{"tag":"replaylake.identify",' +
      '"payload":{"id":"planted-left"}}}'],
    length: 90,
  }]));
"""
# Compression that ends when the test says so.
SLOW_GZIP = """
const Real = CompressionStream;
window.compressing = 0;
window.CompressionStream = class {
  constructor(format) {
    const real = new Real(format);
    const gate = new TransformStream({
      async transform(chunk, controller) {
        window.compressing++;
        await new Promise((resolve) => { window.finish = resolve; });
        controller.enqueue(chunk);
      },
    });
    this.writable = gate.writable;
    this.readable = gate.readable.pipeThrough(real);
  }
};
"""


@pytest.fixture
def shop(site: Site) -> str:
    site.pages["/"] = site.pages["/next"] = PAGE
    return f"{site.origin}/"


def uploads(page: Page) -> list[str]:
    """Collect the uploads that the page begins."""
    urls: list[str] = []
    page.on(
        "request", lambda request: urls.append(request.url) if "chunks" in request.url else None
    )
    return urls


def test_chunk_under_compression_is_not_sent(page: Page, shop: str) -> None:
    page.add_init_script(SLOW_GZIP)
    sent = uploads(page)
    page.goto(shop)
    recorded(page)
    eventually(lambda: page.evaluate("compressing") == 1)

    page.evaluate("replaylake.consent(false); finish()")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")

    assert sent == []
    assert status(page)["waitingBytes"] == 0


def test_upload_in_flight_is_aborted(page: Page, shop: str) -> None:
    page.add_init_script("""
        const real = fetch;
        window.ends = [];
        window.fetch = (...args) => real(...args).catch((error) => {
          ends.push(error.name);
          throw error;
        });
    """)
    page.route("**/v1/chunks*", lambda route: None)  # never answered
    sent = uploads(page)
    page.goto(shop)
    recorded(page)
    eventually(lambda: len(sent) == 1)

    page.evaluate("replaylake.consent(false)")

    eventually(lambda: page.evaluate("ends") == ["AbortError"])


@pytest.mark.parametrize(
    "leave", ["location.href = '/next'", "document.querySelector('a').click()"]
)
def test_page_that_is_left_right_after_it_sends_nothing(
    page: Page, shop: str, stack: Stack, leave: str
) -> None:
    page.goto(shop)
    session = recorded(page)
    flushed(page)
    page.click("button")

    page.evaluate(f"replaylake.consent(false); {leave}")
    page.wait_for_url("**/next")
    eventually(lambda: "withdrawn" in status(page).get("reason", ""))

    assert "planted-text" not in json.dumps(stack.replay(session))
    assert page.evaluate("Object.keys(sessionStorage)") == ["replaylake.refused"]


@pytest.mark.parametrize(
    "call",
    [
        "replaylake.consent(false)",
        "(window.replaylake = window.replaylake || []).push(['consent', false])",
    ],
    ids=["later", "early"],
)
def test_leftovers_of_an_earlier_page_are_never_uploaded(
    page: Page, site: Site, shop: str, stack: Stack, call: str
) -> None:
    page.goto(shop)
    session = recorded(page)
    flushed(page)
    place = {"session": session, "secret": "0" * 32, "page": "0" * 8}
    early = call.startswith("(")
    site.pages["/next"] = f"<script>{call if early else ''}</script>{PAGE}"
    page.evaluate("replaylake.stop()")
    page.evaluate(LEFT % tuple(place.values()))
    page.route("**/r/*.js", lambda route: None if not early else route.continue_())
    sent = uploads(page)
    page.goto(f"{shop}next")
    if not early:  # before the recorder has loaded
        eventually(lambda: status(page).get("reason", "") != "")
        page.evaluate(call)

    assert page.evaluate("Object.keys(sessionStorage)") == ["replaylake.refused"]
    page.unroute("**/r/*.js")
    page.evaluate("replaylake.consent(true)")
    page.reload()
    if early:
        eventually(lambda: "withdrawn" in status(page).get("reason", ""))
    else:
        assert recorded(page) != session
        flushed(page)
    assert [url for url in sent if session in url] == []
    assert b"planted-left" not in stack.lake_bytes()


def test_refusal_holds_on_later_pages_until_consent(page: Page, shop: str) -> None:
    page.goto(shop)
    first = recorded(page)
    page.evaluate("replaylake.consent(false)")
    sent = uploads(page)
    page.click("a")
    page.wait_for_url("**/next")
    eventually(lambda: "withdrawn" in status(page).get("reason", ""))
    assert sent == []

    page.evaluate("replaylake.consent(true)")

    assert recorded(page) != first
    page.reload()
    recorded(page)


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ("replaylake.consent(false)", "consent was withdrawn"),
        ("replaylake.stop()", "stop() was called"),
    ],
)
def test_trigger_keeps_no_unsampled_session_against_the_visitor(
    page: Page, shop: str, stack: Stack, calls: str, reason: str
) -> None:
    stack.change(replay_sampling_rate=0.0)
    sent = uploads(page)
    page.goto(shop)
    eventually(lambda: "not in the sample" in status(page).get("reason", ""))

    page.evaluate(f"{calls}; replaylake.trigger('support')")

    assert (status(page)["state"], status(page)["reason"]) == ("off", reason)
    assert page.evaluate("sessionStorage.replaylake") is None
    assert sent == []


def test_stop_after_withdrawal_stores_no_session(page: Page, shop: str) -> None:
    page.goto(shop)
    recorded(page)

    page.evaluate("replaylake.consent(false); replaylake.stop()")

    assert page.evaluate("Object.keys(sessionStorage)") == ["replaylake.refused"]
    assert status(page)["sessionId"] is None


def test_no_request_names_the_page_it_comes_from(page: Page, shop: str, stack: Stack) -> None:
    referers: list[str | None] = []
    wanted: Callable[[str], bool] = lambda url: "/v1/" in url  # noqa: E731
    page.on(
        "request",
        lambda request: (
            referers.append(request.all_headers().get("referer")) if wanted(request.url) else None
        ),
    )
    page.goto(f"{shop}?token=planted-query")
    recorded(page)
    flushed(page)
    page.click("a")
    page.wait_for_url("**/next")
    recorded(page)
    flushed(page)

    assert len(referers) >= 4
    assert set(referers) == {None}
