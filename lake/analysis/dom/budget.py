"""Budget for work on a page's DOM, proportional to the bytes of its events.

A click has a hundred bytes and may cost thousands of tests of elements and rules. Real pages have
megabytes of markup for few clicks and never exhaust the budget; a stream that is built to be
expensive gets less precise results instead.
"""

_FREE_TESTS = 100_000  # so that small pages have enough


class Budget:
    """Number of tests left. A test reads one element or one part of a selector."""

    def __init__(self) -> None:
        self._left = _FREE_TESTS

    def earn(self, size_bytes: int) -> None:
        """Add as many tests as an event has bytes."""
        self._left += size_bytes

    def spend(self, test_count: int) -> bool:
        """Use up tests; return False, and use none, where too few are left."""
        if test_count > self._left:
            return False
        self._left -= test_count
        return True
