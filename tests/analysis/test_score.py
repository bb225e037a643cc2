import math

from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.score import WEIGHTS, score
from tests.analysis.told import LAW

kinds = st.sampled_from(sorted(WEIGHTS))
counts = st.dictionaries(kinds, st.integers(0, 200))
times = st.integers(0, 24 * 3_600_000)


@LAW
@given(counts, times)
def test_a_score_is_a_whole_number_from_0_to_100_and_0_only_without_signals(
    counts: dict[str, int], active_ms: int
) -> None:
    value = score(counts, active_ms)

    assert type(value) is int
    assert 0 <= value <= 100
    assert (value == 0) == (not any(counts.values()))


@LAW
@given(counts, kinds, times)
def test_one_more_of_any_kind_never_scores_less(
    counts: dict[str, int], kind: str, active_ms: int
) -> None:
    more = counts | {kind: counts.get(kind, 0) + 1}

    assert score(more, active_ms) >= score(counts, active_ms)


@LAW
@given(counts, kinds, times, st.integers(1, 50))
def test_more_of_the_same_adds_ever_less(
    counts: dict[str, int], kind: str, active_ms: int, step: int
) -> None:
    base = counts.get(kind, 0)
    first, second, third = (score(counts | {kind: base + n * step}, active_ms) for n in range(3))

    assert third - second <= second - first + 1  # each is rounded up


@LAW
@given(counts, times, times)
def test_the_same_signals_in_a_longer_visit_never_score_more(
    counts: dict[str, int], one_ms: int, other_ms: int
) -> None:
    assert score(counts, max(one_ms, other_ms)) <= score(counts, min(one_ms, other_ms))


def test_a_short_visit_is_not_blown_up_to_a_rate() -> None:
    assert score({"rage_click": 1}, 0) - score({"rage_click": 1}, 60_000) <= 2


def test_kinds_differ_by_how_sure_they_are() -> None:
    alone = [score({kind: 1}, 0) for kind in WEIGHTS]

    assert alone == sorted(alone, reverse=True)
    assert all(
        value == math.ceil(100 * (1 - 2**-w))
        for value, w in zip(alone, WEIGHTS.values(), strict=True)
    )


def test_a_kind_that_nobody_knows_weighs_nothing() -> None:
    assert score({"mood": 5}, 0) == 0


def test_a_session_full_of_everything_scores_100() -> None:
    assert score(dict.fromkeys(WEIGHTS, 10_000), 0) == 100
