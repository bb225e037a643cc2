"""Lookup of the page view that was shown at a moment, for the URL of an event."""

from bisect import bisect_right
from collections.abc import Sequence

from lake.sessions.summary import SessionPage


class PageViewLookup:
    """Page views of a session by page and time.

    Args:
        pages: As `lake.raw.chunk_facts.summarize` gives them, oldest first.
        until_ms: Start of the first page view that is not in `pages`; None if all are.
    """

    def __init__(self, pages: Sequence[SessionPage], until_ms: int | None = None) -> None:
        self._pages = pages
        self._until_ms = until_ms
        self._numbers: dict[str, list[int]] = {}
        for number, page in enumerate(pages):
            self._numbers.setdefault(page.page_id, []).append(number)

    def number_at(self, page_id: str, at_ms: float) -> int | None:
        """Return the number of the view at `at_ms`; the first view for an earlier time.

        None if the page has no view, or the view of that moment is not in `pages`.
        """
        numbers = self._numbers.get(page_id)
        if not numbers or (self._until_ms is not None and at_ms >= self._until_ms):
            return None
        after = bisect_right(numbers, int(at_ms), key=lambda number: self._pages[number].at_ms)
        return numbers[max(0, after - 1)]

    def at(self, page_id: str, at_ms: float) -> str | None:
        """Return the URL of the view, scrubbed; None if it is unknown."""
        number = self.number_at(page_id, at_ms)
        return None if number is None else self._pages[number].url
