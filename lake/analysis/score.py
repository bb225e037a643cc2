"""Frustration score, 0 to 100, by which sessions are sorted.

`100 (1 - product of (1 + n) ^ -weight)` over the kinds, where n is the number of signals of a
kind. More signals never score less, and each further one adds less than the one before. The length
of a session does not count: a rate would exaggerate short visits and hide events in long ones.
"""

import math
from collections.abc import Mapping

SCORING_VERSION = 2
# Confidence and severity of each kind. A single signal scores
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
    """Return the score for signal counts by kind; 0 only without signals.

    Kinds without a weight are ignored.
    """
    burden = sum(weight * math.log1p(counts.get(kind, 0)) for kind, weight in WEIGHTS.items())
    return min(100, math.ceil(-100 * math.expm1(-burden)))
