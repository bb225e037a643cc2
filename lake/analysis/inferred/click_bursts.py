"""Bursts: three or more clicks in one place within half a second that had no effect.

A run of clicks is one burst, however long it lasts. It had an effect if each of its clicks changed
something before the next one, as with steppers and carousels, or if it selected text.
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
# Two clicks select a word and three a paragraph; a fourth selects nothing.
_SELECTING_CLICKS_MAX = 3
# Such fast clicks arrive on a page that hung: one change may respond to all, and the one before.
_ROW_MS = 40
_ROW_MAX = 50
_SELECTED_MS = 100  # after the click, until a selection is reported


class _ClickRun:
    """Clicks in one place; `downs` are the mouse downs that are not evaluated yet."""

    def __init__(self, clicks: list[PersonClick]) -> None:
        self.first = clicks[0]
        self.last = clicks[-1]
        self.count = len(clicks)
        self.downs = deque(click.down_ms for click in clicks)
        self.had_no_effect = False

    def add(self, click: PersonClick) -> None:
        self.last = click
        self.count += 1
        self.downs.append(click.down_ms)

    def evaluate(self, responses: PageResponses, now_ms: float) -> None:
        """Evaluate the clicks whose responses are confirmed by now."""
        while self.downs:
            count = self._in_row()
            until_ms = self.downs[count] if len(self.downs) > count else self.last.at_ms + WINDOW_MS
            if now_ms <= until_ms + CONFIRM_MS:
                return
            since_ms = self.downs[0]
            for _ in range(count):
                self.downs.popleft()
            changed = responses.has_changed(since_ms, until_ms, with_selections=False)
            changed = changed or responses.has_turned(since_ms, until_ms)
            self.had_no_effect = self.had_no_effect or not changed

    def _in_row(self) -> int:
        """Return the number of next clicks that may share one change."""
        count = 1
        for i, (before, after) in enumerate(pairwise(islice(self.downs, _ROW_MAX))):
            if after - before < _ROW_MS:
                count = i + 2
            elif i:  # includes the click before the row, in whose response the page hung
                break
        return count


class ClickBursts:
    """Detects bursts among clicks."""

    def __init__(self, page_id: str, responses: PageResponses) -> None:
        self._page_id = page_id
        self._responses = responses
        self._recent: list[PersonClick] = []  # in one place, fewer than three
        self._run: _ClickRun | None = None
        self._ended: deque[_ClickRun] = deque()

    def add(self, click: PersonClick) -> None:
        """Add the next click."""
        if click.target.is_quick:
            self._stop()
            return
        run = self._run
        if run:
            if _is_near(run.first, click):
                run.add(click)
                return
            self._stop()
        self._recent.append(click)
        while (
            not _is_near(self._recent[0], click) or click.at_ms - self._recent[0].at_ms > WINDOW_MS
        ):
            del self._recent[0]
        if len(self._recent) >= CLICKS_MIN:
            self._run = _ClickRun(self._recent)
            self._recent = []

    def confirmed(self, now_ms: float) -> Iterator[Burst]:
        """Return the bursts that have ended and are confirmed."""
        if self._run:
            self._run.evaluate(self._responses, now_ms)
            if now_ms > self._run.last.at_ms + WINDOW_MS:
                self._stop()
        while self._ended and now_ms > self._ended[0].last.at_ms + WINDOW_MS + CONFIRM_MS:
            run = self._ended.popleft()
            run.evaluate(self._responses, math.inf)
            if run.had_no_effect and not self._has_selected(run):
                yield self._burst_of(run)

    def _stop(self) -> None:
        if self._run:
            self._ended.append(self._run)
        self._run = None
        self._recent = []

    def _has_selected(self, run: _ClickRun) -> bool:
        # Text of buttons and links is selected by accident; an opened element may move.
        if run.count > _SELECTING_CLICKS_MAX or run.last.target.is_control:
            return False
        return self._responses.has_selected(run.first.down_ms, run.last.at_ms + _SELECTED_MS)

    def _burst_of(self, run: _ClickRun) -> Burst:
        first = run.first
        path, text, *_ = first.target
        return Burst(self._page_id, first.at_ms, first.x, first.y, path, text, run.count)


def _is_near(first: PersonClick, click: PersonClick) -> bool:
    if first.x is None or first.y is None or click.x is None or click.y is None:
        return first.node == click.node
    return math.hypot(first.x - click.x, first.y - click.y) <= RADIUS_PX
