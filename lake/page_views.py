"""Which page view was shown at a moment: what happened then is told with its address."""

from bisect import bisect_right
from collections.abc import Sequence

from lake.facts import Page


class Addresses:
    """The page views of a session.

    Args:
        pages: As `lake.facts.fold` gives them, oldest first.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages
        self._numbers: dict[str, list[int]] = {}
        for number, page in enumerate(pages):
            self._numbers.setdefault(page.page_id, []).append(number)

    def number_at(self, page_id: str, at_ms: float) -> int | None:
        """Return the number of the view, the first one for what came before it."""
        numbers = self._numbers.get(page_id)
        if not numbers:
            return None
        after = bisect_right(numbers, int(at_ms), key=lambda number: self._pages[number].at_ms)
        return numbers[max(0, after - 1)]

    def at(self, page_id: str, at_ms: float) -> str | None:
        """Return the address, scrubbed; None where nobody told it."""
        number = self.number_at(page_id, at_ms)
        return None if number is None else self._pages[number].url
