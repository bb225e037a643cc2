"""Dead clicks: on what is not interactive, and nothing reacted within a second.

Clicks again in the same place are the same dead click until a second has passed without one. A
burst is told by its own rule, as rage, and not once more as dead.
"""

import math
from collections.abc import Iterable, Iterator

from lake.analysis.event_order import ReorderBuffer
from lake.analysis.events import Burst, Click, Occurrence, Signal

KIND = "dead_click"
REPEAT_MS = 1000  # while the page's second runs, who clicks again still waits for the first
RADIUS_PX = 30  # the same place as that of a rage click


class DeadClick:
    """Sees clicks with what became of them, and the bursts that some of them are part of."""

    def __init__(self) -> None:
        self._in_order = ReorderBuffer(Burst, Click)
        self._last: dict[str, Click | Burst] = {}  # of each page, the last dead one

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signals of clicks that were dead, unless they repeat the one before."""
        yield from self._dead(self._in_order.see(occurrence))

    def end(self) -> Iterator[Signal]:
        """Return those of the last clicks."""
        yield from self._dead(self._in_order.end())

    def _dead(self, occurrences: Iterable[Occurrence]) -> Iterator[Signal]:
        for occurrence in occurrences:
            if isinstance(occurrence, Burst):
                self._last[occurrence.page_id] = occurrence
            elif isinstance(occurrence, Click):
                yield from self._judged(occurrence)

    def _judged(self, click: Click) -> Iterator[Signal]:
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
