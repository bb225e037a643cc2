"""Occurrences in the order in which they happened: a click is told when its second has passed."""

from collections.abc import Iterator
from heapq import heappop, heappush

from lake.analysis.events import Occurrence

LATE_MS_MAX = 5000  # a click's second, and a page that was held up by work or a dialog
_HELD_MAX = 1000  # five seconds of a page that throws in a loop are more; it gets less patience


class ReorderBuffer:
    """Holds occurrences of the given kinds until nothing that happened before can come any more.

    Of those of one moment the kinds come in the order given.
    """

    def __init__(self, *kinds: type[Occurrence]) -> None:
        self._kinds = kinds
        self._held: list[tuple[float, int, int, Occurrence]] = []
        self._count = 0
        self._now_ms = float("-inf")

    def see(self, occurrence: Occurrence) -> Iterator[Occurrence]:
        """Take the next one, and return those whose turn it is now. Others but tell the time."""
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
        """Return the rest."""
        while self._held:
            yield heappop(self._held)[-1]
