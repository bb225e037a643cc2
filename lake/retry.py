"""Work against a snapshot, begun again where another writer was first."""

from collections.abc import Callable
from typing import TypeVar

from lake.errors import Conflict

T = TypeVar("T")
_TRIES_MAX = 20


def retried(action: Callable[[], T], *, tries_max: int = _TRIES_MAX) -> T:
    """Return what `action` returns. It takes its own snapshot each time.

    Raises:
        Conflict: Others were faster every time.
    """
    for _ in range(tries_max - 1):
        try:
            return action()
        except Conflict:
            continue
    return action()
