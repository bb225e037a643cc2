import math

from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.analyzer import _RULES
from lake.analysis.score import WEIGHTS, score
from tests.lake.analysis.occurrences import LAW

kinds = st.sampled_from(sorted(WEIGHTS))
counts = st.dictionaries(kinds, st.integers(0, 200))


@LAW
@given(counts)
def test_a_score_is_0_to_100_and_0_only_without_signals(
    counts: dict[str, int],
) -> None:
    value = score(counts)

    assert type(value) is int
    assert 0 <= value <= 100
    assert (value == 0) == (not any(counts.values()))


@LAW
@given(counts, kinds)
def test_one_more_of_any_kind_never_scores_less(counts: dict[str, int], kind: str) -> None:
    assert score(counts | {kind: counts.get(kind, 0) + 1}) >= score(counts)


@LAW
@given(counts, kinds, st.integers(1, 50))
def test_more_of_the_same_adds_ever_less(counts: dict[str, int], kind: str, step: int) -> None:
    base = counts.get(kind, 0)
    first, second, third = (score(counts | {kind: base + n * step}) for n in range(3))

    assert third - second <= second - first + 1  # each is rounded up


def test_kinds_differ_by_how_sure_they_are() -> None:
    alone = [score({kind: 1}) for kind in WEIGHTS]

    assert alone == sorted(alone, reverse=True)
    assert (alone[0], alone[-1]) == (25, 5)


def test_each_kind_counts_by_its_weight() -> None:
    for kind, weight in WEIGHTS.items():
        assert score({kind: 3}) == math.ceil(100 * (1 - 4**-weight))


def test_every_rule_has_a_weight() -> None:
    names = {rule.__module__.rpartition(".")[2] for rule in _RULES}

    assert names == set(WEIGHTS)


def test_a_kind_that_nobody_knows_weighs_nothing() -> None:
    assert score({"mood": 5}) == 0


def test_a_session_full_of_everything_scores_100() -> None:
    assert score(dict.fromkeys(WEIGHTS, 10_000)) == 100
