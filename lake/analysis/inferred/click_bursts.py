"""Bursts of a foreign page: three clicks or more in one place within half a second, in vain.

A run of clicks is one burst, however long it goes on. It was not in vain if each of its clicks
changed something before the next one, as steppers and carousels do, or if it selected text.
"""

import math
from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise

from lake.analysis.dom.targets import PersonClick
from lake.analysis.events import Burst
from lake.analysis.inferred.responses import CONFIRM_MS, PageResponses

CLICKS_MIN = 3
WINDOW_MS = 500
RADIUS_PX = 30
# Two clicks select a word and three a paragraph; nobody selects with a fourth.
_SELECTING_CLICKS_MAX = 3
# So fast clicks only a page that hung: one change may be for all of them, and the one before.
_ROW_MS = 40
_ROW_MAX = 50
_SELECTED_MS = 100  # after the click, until a selection is told


class _ClickRun:
    """Clicks in one place: the first and the last of them; `downs` are not judged yet."""

    def __init__(self, presses: list[PersonClick]) -> None:
        self.first = presses[0]
        self.last = presses[-1]
        self.count = len(presses)
        self.downs = deque(press.down_ms for press in presses)
        self.is_in_vain = False

    def add(self, press: PersonClick) -> None:
        self.last = press
        self.count += 1
        self.downs.append(press.down_ms)

    def judge(self, answers: PageResponses, now_ms: float) -> None:
        """Look what those clicks changed of which it is sure by now."""
        while self.downs:
            count = self._in_row()
            until_ms = self.downs[count] if len(self.downs) > count else self.last.at_ms + WINDOW_MS
            if now_ms <= until_ms + CONFIRM_MS:
                return
            since_ms = self.downs[0]
            for _ in range(count):
                self.downs.popleft()
            changed = answers.has_changed(since_ms, until_ms, with_selections=False)
            changed = changed or answers.has_turned(since_ms, until_ms)
            self.is_in_vain = self.is_in_vain or not changed

    def _in_row(self) -> int:
        """Return how many of the next clicks may share one change."""
        count = 1
        for i, (before, after) in enumerate(pairwise(islice(self.downs, _ROW_MAX))):
            if after - before < _ROW_MS:
                count = i + 2
            elif i:  # a row takes the click before it along: the page hung in its answer
                break
        return count


class ClickBursts:
    """Finds the bursts among clicks."""

    def __init__(self, page_id: str, answers: PageResponses) -> None:
        self._page_id = page_id
        self._answers = answers
        self._few: list[PersonClick] = []  # in one place, not three yet
        self._run: _ClickRun | None = None
        self._over: deque[_ClickRun] = deque()

    def add(self, press: PersonClick) -> None:
        """Take the next click."""
        if press.target.is_quick:
            self._stop()
            return
        run = self._run
        if run:
            if _is_near(run.first, press):
                run.add(press)
                return
            self._stop()
        self._few.append(press)
        while not _is_near(self._few[0], press) or press.at_ms - self._few[0].at_ms > WINDOW_MS:
            del self._few[0]
        if len(self._few) >= CLICKS_MIN:
            self._run = _ClickRun(self._few)
            self._few = []

    def settle(self, now_ms: float) -> Iterator[Burst]:
        """Return the bursts that are over and judged."""
        if self._run:
            self._run.judge(self._answers, now_ms)
            if now_ms > self._run.last.at_ms + WINDOW_MS:
                self._stop()
        while self._over and now_ms > self._over[0].last.at_ms + WINDOW_MS + CONFIRM_MS:
            run = self._over.popleft()
            run.judge(self._answers, math.inf)
            if run.is_in_vain and not self._has_selected(run):
                yield self._told(run)

    def _stop(self) -> None:
        if self._run:
            self._over.append(self._run)
        self._run = None
        self._few = []

    def _has_selected(self, run: _ClickRun) -> bool:
        # Text of buttons and links is selected by accident; what a click has opened may move on.
        if run.count > _SELECTING_CLICKS_MAX or run.last.target.is_control:
            return False
        return self._answers.has_selected(run.first.down_ms, run.last.at_ms + _SELECTED_MS)

    def _told(self, run: _ClickRun) -> Burst:
        first = run.first
        path, text, *_ = first.target
        return Burst(self._page_id, first.at_ms, first.x, first.y, path, text, run.count)


def _is_near(first: PersonClick, press: PersonClick) -> bool:
    if first.x is None or first.y is None or press.x is None or press.y is None:
        return first.node == press.node
    return math.hypot(first.x - press.x, first.y - press.y) <= RADIUS_PX
