"""A browser that visits a page as a person would, and what the visit cost.

Each visit has a browser context of its own: nothing is cached, no session goes on. Costs are CPU
time as the renderer's own counters tell it (`ThreadTime` of its main thread, `ProcessTime` of all
of its threads), from an empty page of the same process on: what other programs do on the machine
disturbs them less than the clock.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from orchestration.demo import chromium

# A visitor's browser does not say that it is a program's; posthog-js records no others.
_ARGUMENTS = (*chromium.ARGUMENTS, "--disable-blink-features=AutomationControlled")
_USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)
FAR = "40 ms and 20 Mbit/s away"
_FAR = {
    "offline": False,
    "latency": 40,
    "downloadThroughput": 20_000_000 / 8,
    "uploadThroughput": 20_000_000 / 8,
}
_OBSERVE = """
window.seen = {largest_ms: 0, blocked_ms: 0};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) seen.largest_ms = entry.startTime;
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) seen.blocked_ms += Math.max(0, entry.duration - 50);
}).observe({type: "longtask", buffered: true});
"""
_PAINTED = "seen.largest_ms && performance.getEntriesByType('navigation')[0].loadEventEnd"
_LOAD_MS = "performance.getEntriesByType('navigation')[0].loadEventStart"
_IDLE_MS = 15.0  # in half a second: timers, and the measurements themselves
_TYPED = "a quiet harbour in the morning with copper light "


@dataclass(frozen=True)
class Cost:
    """Cost of a page from its navigation until now."""

    load_ms: float
    largest_ms: float
    blocked_ms: float
    main_ms: float
    all_ms: float


class Visit:
    """One visit to one page, which is still open."""

    def __init__(self, page: Page, devtools: CDPSession, url: str, *, is_far: bool) -> None:
        self.page = page
        self._devtools = devtools
        origin = url.partition("/shop")[0]
        page.goto(f"{origin}/empty")
        devtools.send("Performance.enable")
        if is_far:
            devtools.send("Network.enable")
            devtools.send("Network.emulateNetworkConditions", _FAR)
        self._begun = self._cpu_ms()
        page.goto(url, wait_until="load")
        page.wait_for_function(_PAINTED)

    def cost(self) -> Cost:
        """Return what it cost so far."""
        main, everything = (
            now - then for now, then in zip(self._cpu_ms(), self._begun, strict=True)
        )
        seen = self.page.evaluate("seen")
        load_ms = self.page.evaluate(_LOAD_MS)
        return Cost(load_ms, seen["largest_ms"], seen["blocked_ms"], main, everything)

    def heap_bytes(self) -> int:
        """Return what JavaScript holds on to."""
        for _ in range(2):  # what the first frees may have held other things
            self._devtools.send("HeapProfiler.collectGarbage")
        used: int = self._devtools.send("Runtime.getHeapUsage")["usedSize"]
        return used

    def leave(self) -> None:
        """Go away, so that recorders send what they have."""
        self.page.goto("about:blank")

    def _cpu_ms(self) -> tuple[float, float]:
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        by_name = {metric["name"]: 1000 * metric["value"] for metric in metrics}
        return by_name["ThreadTime"], by_name["ProcessTime"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.find(is_whole=True), args=_ARGUMENTS
        )
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def visit(chromium: Browser, url: str, *, is_far: bool = False) -> Iterator[Visit]:
    """Open a page as a new visitor, and wait until it has loaded and is painted."""
    context = chromium.new_context(
        user_agent=_USER_AGENT, viewport={"width": 1280, "height": 800}, service_workers="block"
    )
    context.add_init_script(_OBSERVE)
    page = context.new_page()
    try:
        yield Visit(page, context.new_cdp_session(page), url, is_far=is_far)
    finally:
        context.close()


def wait_until_idle(visit: Visit, seconds: float) -> None:
    """Do nothing for so long, and until the page does nothing either."""
    visit.page.wait_for_timeout(1000 * seconds)
    before = visit.cost().main_ms
    while True:
        visit.page.wait_for_timeout(500)
        now = visit.cost().main_ms
        if now - before < _IDLE_MS:
            return
        before = now


def act(visit: Visit, seconds: float) -> None:
    """Move, scroll, click and type without a pause, by a timetable.

    The timetable makes visits alike: a slower page gets the same deeds, in the same time.
    """
    rng = random.Random(7)
    page = visit.page
    begun_s = time.monotonic()

    def due(at_s: float) -> None:
        page.wait_for_timeout(max(0.0, 1000 * (begun_s + at_s - time.monotonic())))

    for turn in range(int(seconds)):
        x, y = rng.randrange(100, 1200), rng.randrange(100, 700)
        for step in range(20):
            due(turn + step * 0.02)
            page.mouse.move(x + 8 * step % 90, y + step)
        for step in range(5):
            due(turn + 0.4 + step * 0.03)
            page.mouse.wheel(0, 120 if turn % 4 < 2 else -120)
        due(turn + 0.6)
        page.mouse.click(x, y)
        name = ("filter", "city", "note")[turn % 3]
        page.evaluate("name => document.getElementById(name).focus()", name)
        for step in range(8):
            due(turn + 0.65 + step * 0.04)
            page.keyboard.type(_TYPED[(8 * turn + step) % len(_TYPED)])
    due(int(seconds))
    page.evaluate("clearInterval(life)")
