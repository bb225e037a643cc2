import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.activity import IDLE_MS, SLOTS, Activity, ActivitySummary
from tests.lake.analysis.occurrences import LAW


def summary(deeds: list[float], first_at_ms: float, last_at_ms: float) -> ActivitySummary:
    activity = Activity()
    for at_ms in deeds:
        activity.see(at_ms)
    return activity.end(first_at_ms, last_at_ms)


@pytest.mark.parametrize(("gap_ms", "active_ms"), [(IDLE_MS, IDLE_MS), (IDLE_MS + 1, 0)])
def test_a_pause_of_five_seconds_is_active_and_a_longer_one_idle(
    gap_ms: int, active_ms: int
) -> None:
    assert summary([1000, 1000 + gap_ms], 0, 60_000).active_ms == active_ms


def test_active_time_is_that_between_deeds() -> None:
    assert summary([1000, 1200, 3000, 30_000, 30_500], 0, 60_000).active_ms == 2500


def test_the_strip_shows_when_and_how_much() -> None:
    deeds = [500.0, *([30_500.0] * 3), *([59_500.0 + n / 10 for n in range(300)])]

    strip = summary(deeds, 0, 60_000).strip

    assert strip == "1" + "0" * 29 + "2" + "0" * 28 + "9"


def test_a_session_without_deeds_has_an_empty_strip() -> None:
    assert summary([], 0, 0) == (0, "0" * SLOTS)
    assert summary([], 5, 90_000) == (0, "0" * SLOTS)


def test_a_session_of_one_moment_has_all_in_its_first_slot() -> None:
    assert summary([7.0] * 4, 7, 7) == (0, "3" + "0" * (SLOTS - 1))


def test_deeds_outside_of_the_session_count_at_its_ends() -> None:
    strip = summary([-5000, 999_999], 0, 60_000).strip

    assert strip == "1" + "0" * (SLOTS - 2) + "1"


def test_a_late_action_counts_and_adds_no_active_time() -> None:
    late = summary([0, 2000, 1000, 3000], 0, 60_000)

    assert late.active_ms == 3000
    assert late.strip == summary([0, 1000, 2000, 3000], 0, 60_000).strip


deeds = st.lists(st.integers(0, 6_000_000), min_size=1, max_size=200).map(sorted)


@LAW
@given(deeds, st.integers(-(10**12), 10**12))
def test_time_does_not_matter(deeds: list[int], by_ms: int) -> None:
    shifted = summary([at + by_ms for at in deeds], by_ms, 6_000_000 + by_ms)

    assert shifted == summary([*deeds], 0, 6_000_000)


@LAW
@given(deeds)
def test_active_time_and_slots_equal_a_plain_count(
    deeds: list[int],
) -> None:
    active_ms, strip = summary([*deeds], 0, 6_000_000)
    slots = [min(at // 100_000, SLOTS - 1) for at in deeds]

    assert 0 <= active_ms <= deeds[-1] - deeds[0]
    assert strip == "".join(str(min(slots.count(n).bit_length(), 9)) for n in range(SLOTS))


def test_a_day_of_actions_fits_in_few_bins_at_the_right_slots() -> None:
    activity = Activity()
    for n in range(100_000):
        activity.see(n * 864.0)

    assert len(activity._bins) <= 2048
    assert activity.end(0, 86_400_000) == (99_999 * 864, "9" * SLOTS)


def test_extreme_times_only_widen_the_bins() -> None:
    activity = Activity()
    for n in range(3000):
        activity.see(float(n * 2_880_000_000_000))

    assert set(activity.end(0, 2999 * 2_880_000_000_000.0).strip) == {"6"}
