"""The frustration score: one figure of 0 to 100 by which sessions are sorted.

`100 (1 - product of (1 + n / d) ^ -weight)` over the kinds, where n is how many signals there are
of one and d grows with the time in which the visitor was active: 1 at its beginning, 2 after ten
minutes. So three rage clicks in two minutes weigh more than three in an hour, while a short visit
is not blown up to a rate. More of a kind always scores more, and each more of it ever less.
"""

import math
from collections.abc import Mapping

SCORING_VERSION = 1
# How sure each kind is to be frustration, and how much of it. The first one alone scores
# 100 (1 - 2 ^ -weight): 24 for a form that fails again and again, 4 for a quick back.
WEIGHTS: Mapping[str, float] = {
    "form_frustration": 0.40,
    "rage_click": 0.35,
    "error_click": 0.20,
    "scroll_thrash": 0.15,
    "form_abandonment": 0.12,
    "dead_click": 0.10,
    "slow_response": 0.08,
    "quick_back": 0.06,
}
_CALM_MS = 10 * 60_000


def score(counts: Mapping[str, int], active_ms: int) -> int:
    """Return the score of a session with so many signals of each kind; 0 only where none is.

    Args:
        counts: By kind; a kind without a weight weighs nothing.
        active_ms: For how long the visitor did something.
    """
    damping = 1 + max(active_ms, 0) / _CALM_MS
    burden = sum(
        weight * math.log1p(counts.get(kind, 0) / damping) for kind, weight in WEIGHTS.items()
    )
    return min(100, math.ceil(-100 * math.expm1(-burden)))
