"""A few of many like log lines, so that a flood of bad input is no flood of logs."""

from collections import Counter

_PER_SECOND_MAX = 20
_EACH_MAX = 2  # so that a flood of one does not hide the others


class LogThrottle:
    """Lets a few lines of each second through, and fewer of one website."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[str] = Counter()

    def is_allowed(self, now_s: float, website_id: str) -> bool:
        """Tell whether one more line may be written in this second."""
        if int(now_s) != self._second:
            self._second, self._counts = int(now_s), Counter()
        if self._counts[website_id] >= _EACH_MAX or self._counts.total() >= _PER_SECOND_MAX:
            return False
        self._counts[website_id] += 1
        return True
