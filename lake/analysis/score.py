"""Stub."""

from collections.abc import Mapping

SCORING_VERSION = 1


def score(counts: Mapping[str, int]) -> int:
    """Stub."""
    return min(100, 10 * sum(counts.values()))
