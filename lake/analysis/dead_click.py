"""Dead clicks: on what is not interactive, and nothing reacted within a second.

Clicks again in the same place are the same dead click until a second has passed without one: a
burst that was made on a heading is told once as dead, and as rage by its own rule.
"""

import math
from collections.abc import Iterator

from lake.analysis.occurrences import Click, Occurrence, Signal

KIND = "dead_click"
AGAIN_MS = 1000  # while the page's second runs, who clicks again still waits for the first
RADIUS_PX = 30  # the same place as that of a rage click


class DeadClick:
    """Sees clicks with what became of them."""

    def __init__(self) -> None:
        self._last: dict[str, Click] = {}  # of each page, the last dead one

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signal of a click that was dead, unless it repeats the one before."""
        if not isinstance(occurrence, Click) or occurrence.is_interactive or occurrence.reacted:
            return
        page_id, at_ms, x, y, target, text, *_ = occurrence
        last = self._last.get(page_id)
        self._last[page_id] = occurrence
        if last is None or not _is_again(last, occurrence):
            yield Signal(KIND, page_id, at_ms, target, text, x, y, {})

    def end(self) -> Iterator[Signal]:
        """Nothing waits for the session's end."""
        yield from ()


def _is_again(last: Click, click: Click) -> bool:
    if click.at_ms - last.at_ms > AGAIN_MS:
        return False
    if last.x is None or last.y is None or click.x is None or click.y is None:
        return last.target == click.target
    return math.hypot(last.x - click.x, last.y - click.y) <= RADIUS_PX
