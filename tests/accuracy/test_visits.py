"""The benchmark's visits that went wrong once, by the real recorder in a real browser."""

import pytest

from benchmarks.accuracy.driving import record
from benchmarks.accuracy.matching import signals_of
from benchmarks.accuracy.truth import OURS


@pytest.mark.parametrize(
    ("script", "kind", "expected"),
    [
        ("fast_clicks_on_a_page_that_hangs", "rage_click", False),
        ("rage_at_the_end_of_a_stepper_on_a_page_that_hangs", "rage_click", True),
        ("a_tour", "scroll_thrash", False),
    ],
)
def test_recorded_visit_matches_its_truths(script: str, kind: str, expected: bool) -> None:
    (visit,) = record(1, 1, only=script)

    assert visit.streams[OURS]
    kinds = {signal.kind for signal in signals_of(visit.streams[OURS])}
    assert (kind in kinds) == expected, visit.flaws
