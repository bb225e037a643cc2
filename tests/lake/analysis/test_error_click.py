import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.events import Burst, Click, Error, Occurrence
from lake.analysis.rules.error_click import ErrorClick
from tests.lake.analysis.occurrences import LAW, click, error, moved, signals_of, view

BURST = Burst("p", 1000, 10, 20, "button", "Buy", 4)


def times(occurrences: list[Occurrence]) -> list[float]:
    return [signal.at_ms for signal in signals_of(ErrorClick(), occurrences)]


def test_an_error_after_a_click_is_a_signal_with_its_message() -> None:
    [signal] = signals_of(ErrorClick(), [click(1000), error(1020, message="no cart")])

    assert (signal.kind, signal.at_ms, signal.target) == ("error_click", 1000, "button")
    assert (signal.x, signal.y, signal.text) == (10, 20, "Buy")
    assert signal.evidence == {"message": "no cart"}


@pytest.mark.parametrize(("since_ms", "count"), [(-1, 0), (0, 1), (1000, 1), (1001, 0)])
def test_the_error_comes_within_a_second_after(since_ms: float, count: int) -> None:
    assert len(times([click(1000), error(1000 + since_ms)])) == count


@pytest.mark.parametrize("late", [[], [view(2199)], [error(2100, message="later"), view(2300)]])
def test_a_click_that_is_reported_late_gets_its_error(late: list[Occurrence]) -> None:
    signals = signals_of(ErrorClick(), [error(1020, message="first"), *late, click(1000)])

    assert [s.evidence["message"] for s in signals] == ["first"]


def test_an_error_of_another_page_is_none() -> None:
    assert times([click(1000), error(1020, "q")]) == []


def test_one_click_is_one_signal_and_the_first_error_its_message() -> None:
    errors = [error(1010, message="a"), error(1020, message="b"), error(1900, message="c")]

    [signal] = signals_of(ErrorClick(), [click(1000), *errors])

    assert signal.evidence == {"message": "a"}


def test_an_error_is_of_the_last_click_before_it() -> None:
    assert times([click(1000), click(1400), error(1500)]) == [1400]
    assert times([click(1000), error(1100), click(1400), error(1500)]) == [1000, 1400]


def test_a_click_of_another_page_between_takes_no_error_away() -> None:
    mixed: list[Occurrence] = [
        click(1000),
        error(1100),
        click(1150, "q"),
        error(1200),
        error(1300, "q"),
    ]

    assert times(mixed) == [1000, 1150]


@pytest.mark.parametrize(("at_ms", "count"), [(999, 0), (1000, 1), (1500, 1), (1501, 0)])
def test_an_error_in_a_burst_counts_without_its_clicks(at_ms: float, count: int) -> None:
    assert len(times([BURST, error(at_ms)])) == count


def test_a_burst_adds_nothing_to_its_clicks() -> None:
    clicks = [click(1000), click(1150), click(1300)]

    assert times([*clicks, BURST, error(1020), error(1170), error(1320)]) == [1000, 1150, 1300]


def test_a_page_that_throws_in_a_loop_fills_no_memory() -> None:
    rule = ErrorClick()
    for n in range(20_000):
        list(rule.see(error(n / 100)))

    assert len(rule._in_order._held) <= 1000


moments = st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=40)


@LAW
@given(moments, st.integers(0, 10**12))
def test_time_and_lateness_of_clicks_do_not_matter(
    reactions: list[tuple[int, bool]], by_ms: int
) -> None:
    in_time = [click(at_ms) if is_click else error(at_ms) for at_ms, is_click in reactions]
    in_time.sort(key=lambda item: (item.at_ms, type(item) is Error))
    late = sorted(in_time, key=lambda item: item.at_ms + 1200 * (type(item) is Click))
    shifted = [item._replace(at_ms=item.at_ms + by_ms) for item in late]

    expected = [moved(signal, by_ms) for signal in signals_of(ErrorClick(), in_time)]
    assert signals_of(ErrorClick(), shifted) == expected
