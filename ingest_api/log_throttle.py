"""Log throttle: at most a few lines a second, so that bad input cannot flood the log."""

from collections import Counter

_PER_SECOND_MAX = 20
_WEBSITE_PER_SECOND_MAX = 2  # so that one website does not hide the others


class LogThrottle:
    """Allows at most 20 lines a second, and 2 of one website."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[str] = Counter()

    def is_allowed(self, now_s: float, website_id: str) -> bool:
        """Whether one more line may be written now; counts it if so."""
        if int(now_s) != self._second:
            self._second, self._counts = int(now_s), Counter()
        if (
            self._counts[website_id] >= _WEBSITE_PER_SECOND_MAX
            or self._counts.total() >= _PER_SECOND_MAX
        ):
            return False
        self._counts[website_id] += 1
        return True
