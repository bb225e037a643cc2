import pytest

from lake.analysis.events import Occurrence
from lake.analysis.rules.slow_response import SlowResponse
from tests.lake.analysis.occurrences import click, request, signals_of


def times(occurrences: list[Occurrence]) -> list[float]:
    return [signal.at_ms for signal in signals_of(SlowResponse(), occurrences)]


def test_a_slow_request_of_a_click_is_a_signal_with_its_path() -> None:
    [signal] = signals_of(SlowResponse(), [click(1000), request(5100, 4000)])

    assert (signal.kind, signal.at_ms, signal.target) == ("slow_response", 1000, "button")
    assert signal.evidence == {
        "method": "POST",
        "path": "/api/pay",
        "status": 500,
        "duration_ms": 4000,
    }


@pytest.mark.parametrize(("duration_ms", "count"), [(2999, 0), (3000, 1)])
def test_three_seconds_are_slow(duration_ms: float, count: int) -> None:
    assert len(times([click(1000), request(1100 + duration_ms, duration_ms)])) == count


@pytest.mark.parametrize(("after_ms", "count"), [(-51, 0), (0, 1), (500, 1), (501, 0)])
def test_the_request_starts_within_half_a_second(after_ms: float, count: int) -> None:
    assert len(times([click(1000), request(1000 + after_ms + 3500, 3500)])) == count


def test_a_request_of_another_page_or_of_no_click_is_none() -> None:
    assert times([click(1000), request(5100, 4000, "q")]) == []
    assert times([request(5100, 4000)]) == []


def test_a_slow_request_belongs_to_the_last_click_before_it() -> None:
    assert times([click(1000), request(5100, 4000), request(6100, 5000)]) == [1000]
    assert times([click(1000), click(1200), request(5300, 4000)]) == [1200]
