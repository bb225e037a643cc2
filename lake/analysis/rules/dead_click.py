"""Dead clicks: the target is not interactive, and the page did not react within a second.

Repeated clicks in the same place are one dead click, until a second passes without one. Clicks of a
burst are a rage click and not dead clicks as well.
"""

import math
from collections.abc import Iterable, Iterator

from lake.analysis.event_order import ReorderBuffer
from lake.analysis.events import Burst, Click, Occurrence, Signal

KIND = "dead_click"
REPEAT_MS = 1000  # a repeated click within the page's second is part of the first
RADIUS_PX = 30  # as for a rage click


class DeadClick:
    """Detects dead clicks from clicks and the bursts that contain them."""

    def __init__(self) -> None:
        self._in_order = ReorderBuffer(Burst, Click)
        self._last: dict[str, Click | Burst] = {}  # by page, the last dead click

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signals of dead clicks, without repetitions."""
        yield from self._signals_of(self._in_order.see(occurrence))

    def end(self) -> Iterator[Signal]:
        """Return the signals of the remaining clicks."""
        yield from self._signals_of(self._in_order.end())

    def _signals_of(self, occurrences: Iterable[Occurrence]) -> Iterator[Signal]:
        for occurrence in occurrences:
            if isinstance(occurrence, Burst):
                self._last[occurrence.page_id] = occurrence
            elif isinstance(occurrence, Click):
                yield from self._evaluated(occurrence)

    def _evaluated(self, click: Click) -> Iterator[Signal]:
        if click.is_interactive or click.reacted:
            return
        page_id, at_ms, x, y, target, text, *_ = click
        last = self._last.get(page_id)
        self._last[page_id] = click
        if last is None or not _is_repeat(last, click):
            yield Signal(KIND, page_id, at_ms, target, text, x, y, {})


def _is_repeat(last: Click | Burst, click: Click) -> bool:
    if click.at_ms - last.at_ms > REPEAT_MS:
        return False
    if last.x is None or last.y is None or click.x is None or click.y is None:
        return last.target == click.target
    return math.hypot(last.x - click.x, last.y - click.y) <= RADIUS_PX
