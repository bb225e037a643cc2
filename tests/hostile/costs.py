"""CPU time and memory of one call, and how they grow with the length of its input.

CPU time of this process, not time on the wall: other tests run beside. The least of several
repeats counts, because a scheduler only ever adds.
"""

import time
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_LENGTH = 3_000
_FLOOR_S = 0.0002  # shorter times are mostly noise; what is quadratic takes far longer
_TOO_LONG_S = 0.5  # to repeat it


def cpu_s(work: Callable[[], object], *, repeats: int = 3) -> float:
    """Return the least CPU time that `work` took."""
    best = float("inf")
    for _ in range(repeats):
        began_s = time.process_time()
        work()
        best = min(best, time.process_time() - began_s)
        if best > _TOO_LONG_S:
            break
    return best


def peak_bytes(work: Callable[[], object]) -> int:
    """Return the most bytes of Python's objects that `work` held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def growth(
    make: Callable[[int], T], work: Callable[[T], object], length: int = _LENGTH
) -> tuple[float, float]:
    """Return how many times longer `work` takes for 2 and 4 times the input that `make` makes.

    2 and 4 are linear, 4 and 16 quadratic.
    """
    single_s, double_s, fourfold_s = (_cpu_s(make, work, n * length) for n in (1, 2, 4))
    return double_s / max(single_s, _FLOOR_S), fourfold_s / max(single_s, _FLOOR_S)


def _cpu_s(make: Callable[[int], T], work: Callable[[T], object], length: int) -> float:
    given = make(length)
    return cpu_s(lambda: work(given), repeats=2)
