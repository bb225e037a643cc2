"""Input of a robot: mouse movements, single keys, and pauses in between.

`journeys` decides what it does.
"""

import random
import re

from playwright.sync_api import Locator, Page

_STEPS = (12, 30)  # mouse events of one movement
_KEY_MS = (50, 170)
_WONDER_MS = 1_300
_SCROLL_PX = (80, 240)  # of one turn of the wheel


class Hands:
    """A visitor's mouse and keyboard on one page. `pace` multiplies all pauses; 0 makes none."""

    def __init__(self, page: Page, choice: random.Random, *, is_touch: bool, pace: float) -> None:
        self.page = page
        self.choice = choice
        self._is_touch = is_touch
        self._pace = pace

    def wait(self, least_s: float, most_s: float) -> None:
        """Pause for a random time in this range, s."""
        pause_ms = self.choice.uniform(least_s, most_s) * 1000 * self._pace
        if pause_ms:
            self.page.wait_for_timeout(pause_ms)

    def wonder(self) -> None:
        """Wait longer than a second at any pace, for a response that does not come."""
        self.page.wait_for_timeout(_WONDER_MS)
        self.wait(0.3, 1.0)

    def click(self, target: str | Locator) -> None:
        """Move to the target and click or tap it."""
        place = self._place(target)
        self._go(place)
        if self._is_touch:
            place.tap()
        else:
            place.click(delay=self.choice.uniform(30, 90) * self._pace)
        self.wait(0.3, 1.2)

    def follow(self, link: str) -> None:
        """Click a link, and wait for the page that it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            self.click(link)
        self.wait(0.5, 1.5)

    def click_quickly(self, target: str | Locator, count: int) -> None:
        """Click several times, as fast as an impatient visitor."""
        place = self._place(target)
        self._go(place)
        for _ in range(count):
            if self._is_touch:
                place.tap()
            else:
                # The mouse does not move, so the target is not checked again.
                self.page.mouse.down()
                self.page.mouse.up()
            self.page.wait_for_timeout(90)  # at any pace, since slower clicks are no rage clicks
        self.wait(0.5, 1.5)

    def type(self, target: str, text: str) -> None:
        """Click into a field and type."""
        self.click(target)
        self._place(target).fill("")
        for word in re.findall(r"\S+\s*", text):
            self.page.keyboard.type(word, delay=self.choice.uniform(*_KEY_MS) * self._pace)

    def choose(self, target: str, value: str) -> None:
        """Choose from a list."""
        place = self._place(target)
        self._go(place)
        place.select_option(value)
        self.wait(0.4, 1.0)

    def scroll(self, pixels: int) -> None:
        """Scroll in small steps, up where `pixels` is negative."""
        way, left = (1 if pixels > 0 else -1), abs(pixels)
        while left > 0:
            step = min(left, self.choice.randint(*_SCROLL_PX))
            left -= step
            if self._is_touch:
                self.page.evaluate("y => window.scrollBy(0, y)", way * step)
            else:
                self.page.mouse.wheel(0, way * step)
            self.wait(0.08, 0.35)

    def _place(self, target: str | Locator) -> Locator:
        return self.page.locator(target).first if isinstance(target, str) else target

    def _go(self, place: Locator) -> None:
        """Move the mouse near the middle of an element, first slightly beyond."""
        place.scroll_into_view_if_needed()
        self.wait(0.2, 0.7)
        box = place.bounding_box()
        if box is None or self._is_touch:
            return
        x = box["x"] + box["width"] * self.choice.uniform(0.35, 0.65)
        y = box["y"] + box["height"] * self.choice.uniform(0.35, 0.65)
        beyond_x, beyond_y = (self.choice.uniform(-40, 40) for _ in range(2))
        steps = max(1, round(self.choice.randint(*_STEPS) * self._pace))
        self.page.mouse.move(x + beyond_x, y + beyond_y, steps=steps)
        self.wait(0.05, 0.2)
        self.page.mouse.move(x, y, steps=max(1, round(5 * self._pace)))
        self.wait(0.1, 0.4)
