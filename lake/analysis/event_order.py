"""Reordering of occurrences by time: a click is reported only when its second has passed."""

from collections.abc import Iterator
from heapq import heappop, heappush

from lake.analysis.events import Occurrence

LATE_MS_MAX = 5000  # a click's second, and a page that was held up by work or a dialog
_HELD_MAX = 1000  # a page that throws in a loop exceeds this in five seconds


class ReorderBuffer:
    """Holds occurrences of the given kinds until no earlier one can arrive.

    Occurrences of the same time come in the order of `kinds`.
    """

    def __init__(self, *kinds: type[Occurrence]) -> None:
        self._kinds = kinds
        self._held: list[tuple[float, int, int, Occurrence]] = []
        self._count = 0
        self._now_ms = float("-inf")

    def see(self, occurrence: Occurrence) -> Iterator[Occurrence]:
        """Add an occurrence and return those that are due; other kinds only advance the time."""
        self._now_ms = max(self._now_ms, occurrence.at_ms)
        if isinstance(occurrence, self._kinds):
            self._count += 1
            kind = self._kinds.index(type(occurrence))
            heappush(self._held, (occurrence.at_ms, kind, self._count, occurrence))
        while self._held and (
            self._held[0][0] < self._now_ms - LATE_MS_MAX or len(self._held) > _HELD_MAX
        ):
            yield heappop(self._held)[-1]

    def end(self) -> Iterator[Occurrence]:
        """Return the remaining occurrences."""
        while self._held:
            yield heappop(self._held)[-1]
