from collections.abc import Iterable

import pytest

from lake.analysis.events import Occurrence
from lake.analysis.rules.quick_back import QuickBack
from tests.lake.analysis.occurrences import click, signals_of, step, view

A, B, C = (f"https://shop.test/{name}" for name in "abc")


def left(occurrences: Iterable[Occurrence]) -> list[str]:
    return [signal.page_id for signal in signals_of(QuickBack(), occurrences)]


def test_back_within_five_seconds_is_a_signal_of_the_left_page() -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), view(11_000, A, "c", is_back=True)]

    [signal] = signals_of(QuickBack(), way)

    assert (signal.kind, signal.page_id, signal.at_ms) == ("quick_back", "b", 9000)
    assert signal.evidence == {"url": B, "shown_ms": 2000}


@pytest.mark.parametrize("is_back", [True, None])
@pytest.mark.parametrize(("shown_ms", "count"), [(5000, 1), (5001, 0)])
def test_five_seconds_are_quick(is_back: bool | None, shown_ms: float, count: int) -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), view(9000 + shown_ms, A, "c", is_back=is_back)]

    assert len(left(way)) == count


def test_going_on_to_the_page_before_by_a_link_is_none() -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), view(11_000, A, "c", is_back=False)]

    assert left(way) == []


@pytest.mark.parametrize("deed", [click(10_800, "b"), step(10_800, "submit", "b")])
def test_where_nobody_told_a_deed_on_the_page_led_away_from_it(deed: Occurrence) -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), deed, view(11_000, A, "c")]

    assert left(way) == []


def test_the_click_may_be_told_after_the_next_page_is_shown() -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), view(11_000, A, "c")]

    assert left([*way, click(10_800, "b")]) == []


def test_a_click_long_before_or_on_another_page_led_nowhere() -> None:
    clicks = [click(9100, "b"), click(10_900, "q")]

    assert left([view(0, A, "a"), view(9000, B, "b"), *clicks, view(11_000, A, "c")]) == ["b"]


def test_where_nobody_told_a_redirect_is_none() -> None:
    assert left([view(0, A, "a"), view(9000, B, "b"), view(9400, A, "c")]) == []


def test_forward_after_back_is_no_back() -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), view(20_000, A, "c", is_back=True)]

    assert left([*way, view(22_000, B, "d", is_back=True)]) == []
    assert left([view(0, A, "a"), view(9000, B, "b"), view(11_000, A), view(13_000, B)]) == ["b"]


def test_each_page_left_so_is_a_signal() -> None:
    way = [view(0, A), view(9000, B), view(11_000, A, is_back=True)]
    again = [view(30_000, C), view(33_000, A, is_back=True)]

    signals = signals_of(QuickBack(), [*way, *again])

    assert [s.evidence["url"] for s in signals] == [B, C]


def test_a_snapshot_that_tells_the_address_again_is_no_step() -> None:
    way = [view(0, A, "a"), view(5, A, "a"), view(9000, B, "b"), view(9010, B, "b")]

    assert left([*way, view(10_000, A, "a", is_back=True), view(60_000, B, "b")]) == ["b"]


def test_a_reload_is_no_step() -> None:
    way = [view(0, A, "a"), view(9000, B, "b"), view(10_000, B, "c")]

    assert left([*way, view(12_000, A, "d", is_back=True)]) == ["c"]


def test_an_anchor_is_no_page_and_a_router_s_address_is_one() -> None:
    assert left([view(0, A), view(1000, f"{A}#faq"), view(3000, A, is_back=True)]) == []
    assert left([view(0, f"{A}#/x"), view(1000, f"{A}#/y"), view(3000, f"{A}#/x", is_back=True)])


def test_a_way_without_end_fills_no_memory() -> None:
    rule = QuickBack()
    signals_of(rule, [view(n * 1000, f"{A}/{n}", f"p{n}") for n in range(500)])

    assert len(rule._history) <= 50
    assert len(rule._urls) <= 64
