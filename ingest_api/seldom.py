"""A few of many like log lines, so that a flood of bad input is no flood of logs."""

_PER_SECOND_MAX = 10


class Seldom:
    """Lets a few lines of each second through."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0

    def is_time(self, now_s: float) -> bool:
        """Tell whether one more line may be written in this second."""
        if int(now_s) != self._second:
            self._second, self._count = int(now_s), 0
        self._count += 1
        return self._count <= _PER_SECOND_MAX
