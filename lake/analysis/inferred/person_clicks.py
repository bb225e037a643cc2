"""Detector of clicks that a person made, each once, with their targets.

rrweb records every click event, also those of scripts and keys, and the second one that a label
passes to its control. A person's click has a mouse down or touch start before it. The modules
`click_outcomes` and `click_bursts` interpret clicks; `responses` detects the page's responses.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from lake.analysis.dom.budget import Budget
from lake.analysis.dom.css_cursors import Cursors
from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.targets import PersonClick, Target, target_of
from lake.analysis.events import Occurrence
from lake.analysis.inferred.click_bursts import ClickBursts
from lake.analysis.inferred.click_outcomes import ClickOutcomes
from lake.analysis.inferred.detector_events import (
    CLICK,
    CONTEXT_MENU,
    MOUSE,
    MOUSE_DOWN,
    MOUSE_UP,
    TOUCH_CANCEL,
    TOUCH_END,
    TOUCH_START,
    PageEvent,
)
from lake.analysis.inferred.responses import PageResponses

_PASSED_ON_MS = 20  # a label passes its click on to its control
_RELEASED_MS = 700  # browsers once waited 300 ms after a tap, for a second one
_DRAGGED_PX = 10  # a click moves the mouse less
_UNSEEN_MS = 50  # of response time before a click without a recorded mouse down
_PX_MAX = 1_000_000


class _ButtonDown(NamedTuple):
    at_ms: float
    node: object
    x: int | None
    y: int | None
    target: Target


class ClickDetector:
    """Detects clicks and bursts."""

    def __init__(self, page_id: str, tree: DomTree, cursors: Cursors, budget: Budget) -> None:
        self._tree = tree
        self._cursors = cursors
        self._budget = budget
        self._responses = PageResponses(tree)
        self._clicks = ClickOutcomes(page_id, self._responses)
        self._bursts = ClickBursts(page_id, self._responses)
        self._down: _ButtonDown | None = None
        self._up_ms: float | None = None
        self._has_downs = False  # recorders can be configured to omit them
        self._clicked_ms = float("-inf")

    def see(self, event: PageEvent) -> Iterator[Occurrence]:
        """Return the clicks and bursts that the next event confirms."""
        yield from self._clicks.confirmed(event.at_ms)
        yield from self._bursts.confirmed(event.at_ms)
        self._responses.see(event)
        press = self._press(event) if event.source == MOUSE else None
        if press:
            yield from self._clicks.add(press)
            self._bursts.add(press)

    def end(self) -> Iterator[Occurrence]:
        """Return the remaining clicks and bursts; no response can follow."""
        yield from self._clicks.confirmed(math.inf)
        yield from self._bursts.confirmed(math.inf)

    def _press(self, event: PageEvent) -> PersonClick | None:
        at_ms, data = event.at_ms, event.data
        kind, node = data.get("type"), data.get("id")
        x, y = _px(data.get("x")), _px(data.get("y"))
        if kind in (MOUSE_DOWN, TOUCH_START):
            self._has_downs = True
            self._responses.record_press(at_ms)
            self._down = _ButtonDown(at_ms, node, x, y, self._target(node))
            self._up_ms = None
        elif kind in (MOUSE_UP, TOUCH_END):
            self._up_ms = at_ms
        elif kind in (TOUCH_CANCEL, CONTEXT_MENU):
            self._down = None
        elif kind == CLICK:
            return self._click(at_ms, node, x, y)
        return None

    def _click(
        self, at_ms: float, node: object, x: int | None, y: int | None
    ) -> PersonClick | None:
        down, self._down = self._down, None
        is_passed_on = at_ms - self._clicked_ms < _PASSED_ON_MS
        self._clicked_ms = at_ms
        if (x or 0) < 0 or (y or 0) < 0:
            return None  # outside the window, where only a script can click
        if down and self._up_ms is not None and at_ms - self._up_ms > _RELEASED_MS:
            down = None
        if down is None:
            if self._has_downs or is_passed_on or (x == 0 and y == 0):
                self._responses.see_script(at_ms, node)
                return None
            self._responses.record_press(at_ms)
            return PersonClick(at_ms, at_ms - _UNSEEN_MS, node, x, y, self._target(node))
        moved_px = math.hypot((x or 0) - (down.x or 0), (y or 0) - (down.y or 0))
        if None not in (x, y, down.x, down.y) and moved_px > _DRAGGED_PX:
            return None
        self._responses.record_press(at_ms)
        # The target is described as it was before the page responded.
        target = down.target if node == down.node else self._target(node)
        return PersonClick(at_ms, down.at_ms, node, x, y, target)

    def _target(self, node: object) -> Target:
        return target_of(self._tree.get(node), self._cursors, self._budget)


def _px(value: object) -> int | None:
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return int(value) if abs(value) < _PX_MAX else None
    return None
