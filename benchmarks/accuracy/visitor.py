"""A visitor of one site in a real browser, who writes down what they do while they do it.

What they do stands in `visits`. Of what was wanted only what the page really saw becomes a truth:
a machine that is too slow for three clicks in half a second makes a flaw, and no rage.
"""

import asyncio
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from playwright.async_api import CDPSession, Page

from benchmarks.accuracy.truth import Truth

_RAGE_MS = 500.0
_THRASH_MS = 2_000.0
# Timing tolerance of the machine: within it of a limit, a signal is optional.
_SURE = 0.85
_UNSURE = 1.25
_RAGE_CLICKS = 3
_DEAD_MS = 1_100  # a dead click's second, and a little
_TURN_PX = 200.0
_TURNS = 4
_READY = "window.replaylake?.status?.().state === 'recording'"


class Clicked(NamedTuple):
    """A click as the page saw it: `stamp_ms` is when the button went, `at_ms` the page's clock."""

    at_ms: float
    stamp_ms: float
    x: float
    y: float
    detail: int


class Visitor:
    """One visit. `pages`, `clicks`, `scrolls` and `events` are its pages' reports, in order."""

    def __init__(
        self, page: Page, devtools: CDPSession, origin: str, choice: random.Random
    ) -> None:
        self.page = page
        self.choice = choice
        self.truths: list[Truth] = []
        self.flaws: list[str] = []
        self.pages: list[str] = []
        self.clicks: list[Clicked] = []
        self.scrolls: list[tuple[float, float]] = []
        self.events: list[tuple[str, str]] = []
        self._devtools = devtools
        self._origin = origin

    def receive(self, what: str, page: str, value: object) -> None:
        """Store a report from the page: a document, an event, a click or a scroll."""
        if what == "page":
            self.pages.append(page)
        elif what == "event":
            self.events.append((page, str(value)))
        elif isinstance(value, list) and what == "click":
            self.clicks.append(Clicked(*value))
        elif isinstance(value, list):
            self.scrolls.append((value[0], value[1]))

    # Truth

    async def now(self) -> float:
        """The page's clock."""
        return float(await self.page.evaluate("Date.now()"))

    def say(
        self,
        kind: str,
        at_ms: float,
        what: str,
        *,
        until_ms: float | None = None,
        place: Clicked | None = None,
        is_optional: bool = False,
        needs: str = "",
        page: int | None = None,
    ) -> None:
        """Write down that this happened."""
        self.truths.append(
            Truth(
                kind=kind,
                at_ms=at_ms,
                until_ms=at_ms if until_ms is None else until_ms,
                page=len(self.pages) - 1 if page is None else page,
                what=what,
                x=round(place.x) if place else None,
                y=round(place.y) if place else None,
                is_optional=is_optional,
                needs=needs,
            )
        )

    # Acts

    async def open(self, path: str) -> None:
        """Go to a page, and wait until both recorders are there."""
        await self.page.goto(self._origin + path)
        await self.ready()

    async def ready(self) -> None:
        """Wait until our recorder records: the other one does once the page is there."""
        await self.page.wait_for_function(_READY)
        await self.pause(0.1, 0.4)

    async def hang(self, busy_s: float, *, every_s: float) -> None:
        """Let the page be busy again and again."""
        await self.page.evaluate(
            "([busy, every]) => void setInterval(() => {"
            " const end = performance.now() + busy; while (performance.now() < end); }, every)",
            [busy_s * 1000, every_s * 1000],
        )

    async def pause(self, least_s: float, most_s: float) -> None:
        """Do nothing for a while."""
        await asyncio.sleep(self.choice.uniform(least_s, most_s))

    async def place(self, selector: str) -> tuple[float, float]:
        """Somewhere in the middle of an element, which is scrolled to if need be."""
        target = self.page.locator(selector).first
        await target.scroll_into_view_if_needed()
        box = await target.bounding_box()
        assert box is not None, selector
        return (
            box["x"] + box["width"] * self.choice.uniform(0.3, 0.6),
            box["y"] + box["height"] * self.choice.uniform(0.3, 0.7),
        )

    async def press(self, x: float, y: float, gap_s: Sequence[float], *, details: bool) -> None:
        """Click here once and once more after each gap; with `details` as a double click counts."""
        sent = []
        for i, gap in enumerate((0.0, *gap_s)):
            if gap:
                await asyncio.sleep(gap)
            shared = {"x": x, "y": y, "button": "left", "clickCount": i + 1 if details else 1}
            # Responses are awaited at the end, so that each gap is exact.
            for kind in ("mousePressed", "mouseReleased"):
                dispatch = self._devtools.send("Input.dispatchMouseEvent", {"type": kind, **shared})
                sent.append(asyncio.ensure_future(dispatch))
        await asyncio.gather(*sent)

    async def go(self, selector: str) -> tuple[float, float]:
        """Move the mouse there."""
        x, y = await self.place(selector)
        await self.page.mouse.move(x + self.choice.uniform(-60, 60), y + 25)
        await self.page.mouse.move(x, y, steps=self.choice.randint(2, 5))
        await self.pause(0.05, 0.25)
        return x, y

    async def click(self, selector: str) -> Clicked | None:
        """Click once; return what the page saw."""
        x, y = await self.go(selector)
        before = len(self.clicks)
        await self.press(x, y, (), details=True)
        await self.pause(0.05, 0.15)
        return self.clicks[before] if len(self.clicks) > before else None

    async def dead(self, selector: str, *, wait: bool = True) -> None:
        """Click on what does nothing, and wait for what does not come."""
        clicked = await self.click(selector)
        if clicked is None:
            self.flaws.append(f"the page saw no click on {selector}")
            return
        self.say("dead_click", clicked.at_ms, selector, place=clicked)
        if wait:
            await asyncio.sleep(_DEAD_MS / 1000)

    async def burst(
        self,
        selector: str,
        count: int,
        gap_s: tuple[float, float] = (0.07, 0.15),
        *,
        details: bool = True,
    ) -> list[Clicked]:
        """Click fast in one place; return what the page saw."""
        x, y = await self.go(selector)
        before = len(self.clicks)
        await self.press(
            x, y, [self.choice.uniform(*gap_s) for _ in range(count - 1)], details=details
        )
        await self.pause(0.6, 0.9)
        return self.clicks[before:]

    async def rage(
        self, selector: str, count: int, *, is_dead: bool = False, details: bool = True
    ) -> None:
        """Click in rage. `is_dead`: each of these clicks is a dead one too."""
        seen = await self.burst(selector, count, details=details)
        gaps = [b.stamp_ms - a.stamp_ms for a, b in pairwise(seen)]
        is_sure = is_rage(seen, _RAGE_MS * _SURE) and max(gaps, default=0.0) < _RAGE_MS * _SURE
        if not is_sure:
            self.flaws.append(f"too slow for a rage on {selector}")
        if is_rage(seen, _RAGE_MS * _UNSURE):
            self.say(
                "rage_click",
                seen[0].at_ms,
                selector,
                until_ms=seen[-1].at_ms,
                place=seen[0],
                is_optional=not is_sure,
            )
        if is_dead:
            for click in seen:
                self.say(
                    "dead_click", click.at_ms, f"rage on {selector}", place=click, is_optional=True
                )
        # What was selected by accident: a click that takes it back would be answered.
        await self.page.evaluate("getSelection().removeAllRanges()")
        await self.pause(0.5, 0.8)

    async def type(self, selector: str, text: str) -> None:
        """Click into a field and type."""
        await self.click(selector)
        await self.page.keyboard.type(text, delay=self.choice.uniform(8, 30))

    async def wheel(self, pixels: float, *, steps: int = 4, step_s: float = 0.03) -> None:
        """Turn the wheel."""
        for _ in range(steps):
            await self.page.mouse.wheel(0, pixels / steps)
            await asyncio.sleep(step_s)

    async def thrash(self, turns: int, pixels: float, *, sign: int = 1) -> None:
        """Scroll up and down in anger."""
        begun = len(self.scrolls)
        at_ms = await self.now()
        for turn in range(turns + 1):
            await self.wheel(sign * pixels * (1 if turn % 2 == 0 else -1), steps=2, step_s=0.05)
            await asyncio.sleep(self.choice.uniform(0.06, 0.14))
        await self.pause(0.4, 0.6)
        seen = self.scrolls[begun:]
        is_sure = is_thrash(seen, _THRASH_MS * _SURE)
        if not is_sure:
            self.flaws.append("too slow for scroll thrash")
        if is_thrash(seen, _THRASH_MS * _UNSURE):
            what, until_ms = f"{turns} turns", seen[-1][0]
            self.say("scroll_thrash", at_ms, what, until_ms=until_ms, is_optional=not is_sure)

    async def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press, move, let go."""
        mouse = self.page.mouse
        await mouse.move(*start)
        await mouse.down()
        for share in (0.2, 0.5, 0.8, 1.0):
            await mouse.move(*(a + (b - a) * share for a, b in zip(start, end, strict=True)))
            await asyncio.sleep(0.02)
        await mouse.up()
        await self.pause(0.2, 0.5)


def is_rage(clicks: Sequence[Clicked], within_ms: float) -> bool:
    """Whether three clicks are within so long, by the mouse's clock and the page's."""
    return any(
        last.stamp_ms - first.stamp_ms <= within_ms and last.at_ms - first.at_ms <= within_ms
        for first, last in zip(clicks, clicks[_RAGE_CLICKS - 1 :], strict=False)
    )


def is_thrash(scrolls: Sequence[tuple[float, float]], within_ms: float) -> bool:
    """Whether four turns of 200 px or more are within so long, by the page's scrolls."""
    turns: list[float] = []  # when the page had gone back that far
    top = low = scrolls[0][1] if scrolls else 0.0
    way = 0
    for at_ms, y in scrolls:
        top, low = max(top, y), min(low, y)
        if way >= 0 and y <= top - _TURN_PX:
            turns += [at_ms] if way else []
            way, low = -1, y
            top = y
        elif way <= 0 and y >= low + _TURN_PX:
            turns += [at_ms] if way else []
            way, top = 1, y
            low = y
    return any(
        turns[i + _TURNS - 1] - turns[i] <= within_ms for i in range(len(turns) - _TURNS + 1)
    )
