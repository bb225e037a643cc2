"""The frustration score: one figure of 0 to 100 by which sessions are sorted.

`100 (1 - product of (1 + n) ^ -weight)` over the kinds, where n is how many signals there are of
one. More of a kind never scores less, each further one adds less than the one before, and how long
a session is plays no part: a rate would blow up short visits, and unrelated deeds would hide what
happened in long ones.
"""

import math
from collections.abc import Mapping

SCORING_VERSION = 2
# How sure each kind is to be frustration, and how much of it. The first one alone scores
# 100 (1 - 2 ^ -weight): 25 for a form that fails again and again, 5 for a quick back.
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


def score(counts: Mapping[str, int]) -> int:
    """Return the score of a session with so many signals of each kind; 0 only where none is.

    A kind that has no weight weighs nothing.
    """
    burden = sum(weight * math.log1p(counts.get(kind, 0)) for kind, weight in WEIGHTS.items())
    return min(100, math.ceil(-100 * math.expm1(-burden)))
