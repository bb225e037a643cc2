"""Work on a page's DOM, paid for by the page's own bytes.

A click is told in a hundred bytes and may ask for thousands of tests of elements and rules. People
click on what megabytes of markup show, so they never come near the end of what was paid; a stream
that was made to cost much is told less instead.
"""

_FREE_TESTS = 100_000  # of a page whose markup is small


class Budget:
    """Tests that are left. One is a look at one element, or at one part of a selector."""

    def __init__(self) -> None:
        self._left = _FREE_TESTS

    def earn(self, size_bytes: int) -> None:
        """Pay for as many tests as an event has bytes."""
        self._left += size_bytes

    def spend(self, test_count: int) -> bool:
        """Take tests; return False where there are not so many left."""
        if test_count > self._left:
            return False
        self._left -= test_count
        return True
