"""Robots that visit the demo's shop, one after another, each as a new visitor.

A program: `python -m orchestration.demo.robots SHOP_URL`. The shop's pages record the visits;
nothing here uses the lake or its services.
"""

import random
import sys
import time
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from orchestration.demo import chromium
from orchestration.demo.hands import Hands
from orchestration.demo.journeys import JOURNEYS, Journey, answer_consent
from orchestration.demo.people import BROWSERS, NETWORKS
from orchestration.demo.proxy import Proxy, running_proxy

_DESKTOPS = ((1440, 900), (1920, 1080), (1280, 720), (1536, 864))
_PHONES = ((390, 844), (412, 915), (360, 780))
_STEP_MAX_MS = 15_000  # a busy machine starts slowly; a longer step has failed
_PAUSE_S = (2.0, 10.0)
_RETRY_S = 5.0
_UNLOAD_MS = 500  # for requests that a page sends while it unloads


def visit(
    browser: Browser,
    proxy: Proxy,
    shop_url: str,
    journey: Journey,
    choice: random.Random,
    *,
    pace: float = 1.0,
) -> None:
    """Make one visit by a new visitor from a random network. `pace` is a factor of all pauses.

    Raises:
        Error: A step failed; the visit has ended.
    """
    proxy.address = f"{choice.choice(NETWORKS)}.{choice.randrange(1, 255)}"
    context = _new_visitor(browser, proxy, choice)
    try:
        page = context.new_page()
        page.goto(shop_url, wait_until="load")
        hands = Hands(page, choice, is_touch=page.evaluate("'ontouchstart' in window"), pace=pace)
        hands.wait(1, 3)
        answer_consent(hands)
        journey(hands)
        page.goto("about:blank")  # a page that is closed at once cannot send its last chunk
        page.wait_for_timeout(_UNLOAD_MS)
    finally:
        context.close()


def _new_visitor(browser: Browser, proxy: Proxy, choice: random.Random) -> BrowserContext:
    person = choice.choice(BROWSERS)
    width, height = choice.choice(_PHONES if person.is_touch else _DESKTOPS)
    context = browser.new_context(
        user_agent=person.user_agent,
        viewport={"width": width, "height": height},
        has_touch=person.is_touch,
        is_mobile=person.is_touch,
        device_scale_factor=2 if person.is_touch else 1,
        color_scheme=choice.choice(("light", "dark")),
        locale="en-GB",
        proxy={"server": proxy.url},
    )
    context.set_default_timeout(_STEP_MAX_MS)
    return context


def _journeys(choice: random.Random) -> Iterator[Journey]:
    """Yield journeys for ever, each round in random order, so that a short demo shows many."""
    while True:
        yield from choice.sample(JOURNEYS, k=len(JOURNEYS))


def main() -> None:
    """Make visits for ever, with a new browser after a failed one."""
    shop_url = sys.argv[1]
    choice = random.Random()  # noqa: S311 - nothing here is a secret
    journeys = _journeys(choice)
    while True:
        try:
            with running_proxy() as proxy, sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium.find(), args=chromium.ARGUMENTS
                )
                for journey in journeys:
                    print(journey.__name__, flush=True)
                    visit(browser, proxy, shop_url, journey, choice)
                    time.sleep(choice.uniform(*_PAUSE_S))
        except Error as error:
            print(f"failed: {error}", flush=True)
        time.sleep(_RETRY_S)


if __name__ == "__main__":
    main()
