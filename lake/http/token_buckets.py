"""Rate limits by name: token buckets in bounded memory, per process."""

from cachetools import FIFOCache

_NAMES_MAX = 10_000


class TokenBuckets:
    """A token bucket for each name. The names that were used longest ago are forgotten first.

    Args:
        per_s: Tokens that a bucket gets each second.
        burst: Tokens that a bucket holds at most, and has at first; at least 1.

    Example:
        >>> buckets = TokenBuckets(per_s=2.0, burst=1)
        >>> buckets.take("198.51.100.7", now_s=0.0), buckets.take("198.51.100.7", now_s=0.0)
        (0.0, 0.5)
    """

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = max(1.0, burst)
        self._buckets: FIFOCache[str, tuple[float, float]] = FIFOCache(_NAMES_MAX)  # tokens, when

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, name: str, now_s: float) -> float:
        """Return 0 if there is a token, else the seconds until there is one."""
        tokens = self._tokens(name, now_s)
        return 0.0 if tokens >= 1 else (1 - tokens) / self._per_s

    def take(self, name: str, now_s: float) -> float:
        """Take a token if there is one. Return what `wait_s` returned before."""
        wait_s = self.wait_s(name, now_s)
        if not wait_s:
            self._buckets[name] = (self._tokens(name, now_s) - 1, now_s)
        return wait_s

    def owe(self, name: str, now_s: float) -> None:
        """Take a token that may not be there yet. A bucket owes at most as much as it holds."""
        tokens = max(-self._burst, self._tokens(name, now_s) - 1)
        self._buckets[name] = (tokens, now_s)

    def _tokens(self, name: str, now_s: float) -> float:
        tokens, at_s = self._buckets.get(name, (self._burst, now_s))
        return min(self._burst, tokens + (now_s - at_s) * self._per_s)
