"""The demo's shop, really recorded: by hand, and by the robots that walk through it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Page

from orchestration.demo import journeys, robots
from orchestration.demo.proxy import Proxy, running_proxy
from tests.conftest import eventually
from tests.recorder.browser import flushed, recorded, status
from tests.recorder.stack import Services, Stack
from tests.support.processes import free_port

ADDRESS = {
    "name": "Philippa Oudekerk",
    "email": "philippa.oudekerk@letters.example",
    "street": "Zwaluwenstraat 213",
    "postal_code": "73118",
    "city": "Oldebroek",
}
CARD = {
    "card_number": "4716 2210 5188 5662",
    "expires": "10 / 31",
    "cvv": "8064",
    "card_name": "P Oudekerk-Vermaas",
}
PRIVATE = ("Marguerite", "Kastanjelaan", "LL-48213", "On its way", "7731 2094", "412 points")
PUBLIC = {"1", "2", "Germany", "SPRING", "express", "standard", "on"}


class Shop(NamedTuple):
    url: str
    stack: Stack


@pytest.fixture(scope="module")
def shop(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    port = free_port()
    url = f"http://localhost:{port}"
    log = (tmp_path_factory.mktemp("shop") / "shop.log").open("wb")
    with closing(Stack(services, url)) as stack, log:
        stack.change(plan="enterprise")
        place = [str(port), stack.ingest.url, stack.website_id]
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.demo.shop", *place], stdout=log, stderr=log
        )
        try:
            eventually(lambda: answers(url))
            yield Shop(url, stack)
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with running_proxy() as proxy:
        yield proxy


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def fill(page: Page, fields: dict[str, str]) -> None:
    for name, text in fields.items():
        page.locator(f"[name={name}]").press_sequentially(text)


def to_checkout(page: Page, shop: Shop) -> str:
    """Put a lamp into the cart and go to the checkout; return the session's id."""
    page.goto(shop.url)
    session = recorded(page)
    page.click("#grid a[href='/p/dusk']")
    page.wait_for_url("**/p/dusk")
    assert recorded(page) == session  # no person is as fast as to click before
    page.click("#buy .button")
    page.click("#cart-checkout")
    page.wait_for_url("**/checkout/address")
    assert recorded(page) == session
    return session


def holds(wanted: dict[str, Any], payload: dict[str, Any]) -> bool:
    return all(payload.get(key) == value for key, value in wanted.items())


def test_purchase_is_replayed_without_typed_text(page: Page, shop: Shop) -> None:
    session = to_checkout(page, shop)
    fill(page, ADDRESS)
    page.click("#address-form .button")
    fill(page, CARD)
    page.click("#pay")
    page.wait_for_url("**/checkout/done")
    assert ADDRESS["email"] in page.inner_text("main")
    eventually(
        lambda: any(c["target"].endswith("#pay") for c in shop.stack.notes(session, "click"))
    )
    flushed(page)

    pages = [note["url"].removeprefix(shop.url) for note in shop.stack.notes(session, "page")]
    steps = [f"/checkout/{step}" for step in ("address", "payment", "done")]
    assert pages == ["/", "/p/dusk", *steps]
    eventually(lambda: shop.stack.listed(session)["clickCount"] == 5)
    listed = shop.stack.listed(session)
    assert (listed["pageViews"], listed["errorCount"]) == (5, 0)
    typed = [
        event["data"]["text"]
        for event in shop.stack.replay(session)
        if event["type"] == 3 and event["data"]["source"] == 5
    ]
    assert "*****" in typed
    assert set(typed) <= {"", "*****", *PUBLIC}
    shop.stack.compact()
    card = CARD["card_number"]
    for text in (*ADDRESS.values(), card, card.replace(" ", ""), CARD["card_name"]):
        assert shop.stack.where(text) == []
    assert shop.stack.where("Where shall it go?") != []


def test_account_details_and_shown_passwords_are_not_stored(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.url}/account")
    session = recorded(page)
    fill(page, {"current": "umbrella-Quartz-77", "password": "velvet-Harbor-31"})
    page.click("#password-show")
    fill(page, {"password": "-longer"})
    assert page.get_attribute("#password", "type") == "text"
    page.click("#password-form .button")
    page.locator("#password-answer:not(:empty)").wait_for()
    flushed(page)

    eventually(lambda: shop.stack.where("Change your password") != [])
    for text in (*PRIVATE, "umbrella-Quartz", "velvet-Harbor", "-longer"):
        assert shop.stack.where(text) == []
    assert shop.stack.listed(session)["userId"] == "customer-1042"


def test_coupon_error_names_the_failing_function(page: Page, shop: Shop) -> None:
    session = to_checkout(page, shop)
    fill(page, {"coupon": "SPRING"})
    page.click("#coupon-apply")

    eventually(lambda: shop.stack.listed(session)["errorCount"] >= 1)
    error = shop.stack.detail(session)["errorEvents"][0]
    assert "TypeError" in error["message"] or "TypeError" in error["stack"]
    assert "discountOf" in error["stack"]


def test_declined_consent_ends_recording_on_all_pages(page: Page, shop: Shop) -> None:
    page.goto(shop.url)
    recorded(page)

    page.click("[data-consent=no]")
    eventually(lambda: status(page)["state"] == "off")
    page.click("#grid a[href='/p/dusk']")
    page.wait_for_url("**/p/dusk")
    eventually(lambda: "consent" in status(page).get("reason", ""))

    assert status(page)["state"] == "off"


SEEN: dict[journeys.Journey, tuple[str, dict[str, Any]]] = {
    journeys.browse_and_buy: ("form", {"step": "succeeded", "status": 201}),
    journeys.try_the_coupon: ("error", {"source": "error"}),
    journeys.be_refused: ("form", {"step": "failed", "status": 402}),
    journeys.lose_patience: ("rage_click", {}),
    journeys.click_pictures: ("click", {"interactive": False, "reacted": False}),
    journeys.abandon_checkout: ("form", {"step": "invalid"}),
    journeys.read: ("page", {"title": "How to light a room you live in · Lumen & Loam"}),
    journeys.change_password: ("identify", {"id": "customer-1042"}),
    journeys.ask_for_the_candle: ("network", {"path": "/api/notify", "status": 500}),
}


@pytest.mark.sample(9)
@pytest.mark.parametrize("journey", journeys.JOURNEYS, ids=lambda journey: journey.__name__)
@pytest.mark.parametrize("seed", [2, 5], ids=["mouse", "touch"])
def test_demo_robot_completes_its_journey_with_signals(
    journey: journeys.Journey, seed: int, browser: Browser, proxy: Proxy, shop: Shop
) -> None:
    before = {row["sessionId"] for row in shop.stack.sessions()}
    tag, wanted = SEEN[journey]

    robots.visit(browser, proxy, shop.url, journey, random.Random(seed), pace=0)

    def made() -> set[str]:
        return {row["sessionId"] for row in shop.stack.sessions()} - before

    eventually(lambda: bool(made()))
    (session,) = made()
    eventually(lambda: any(holds(wanted, note) for note in shop.stack.notes(session, tag)))
