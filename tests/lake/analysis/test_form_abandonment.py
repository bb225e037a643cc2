from collections.abc import Iterable

import pytest

from lake.analysis.events import Occurrence
from lake.analysis.rules.form_abandonment import FormAbandonment
from tests.lake.analysis.occurrences import signals_of, step, view

LEFT = step(9000, "abandoned", fields=3)


def times(occurrences: Iterable[Occurrence]) -> list[float]:
    return [signal.at_ms for signal in signals_of(FormAbandonment(), occurrences)]


def test_a_half_filled_form_is_a_signal_with_its_fields() -> None:
    [signal] = signals_of(FormAbandonment(), [view(0), LEFT])

    assert (signal.kind, signal.at_ms, signal.target) == ("form_abandonment", 9000, "form#pay")
    assert signal.evidence == {"fields": 3}


def test_a_form_that_failed_and_then_was_left_is_one() -> None:
    assert times([view(0), step(1, "submit"), step(2, "failed", status=500), LEFT]) == [9000]


@pytest.mark.parametrize("at_ms", [5000, 20_000])
def test_a_form_that_succeeds_before_or_after_is_none(at_ms: float) -> None:
    done = step(at_ms, "succeeded", status=200)

    assert times(sorted([view(0), LEFT, done], key=lambda o: o.at_ms)) == []


def test_a_form_that_succeeds_after_a_reload_is_no_signal() -> None:
    reloaded, succeeded = view(10_000, page_id="q"), step(20_000, "succeeded", "q", status=201)

    assert times([view(0), LEFT, reloaded, succeeded]) == []


def test_a_form_sent_later_is_a_signal_only_if_refused() -> None:
    sent = step(20_000, "submit", "q")

    assert times([view(0), LEFT, view(10_000, page_id="q"), sent]) == []
    assert times([view(0), LEFT, view(10_000, page_id="q"), sent, step(20_500, "invalid", "q")])


def test_a_sent_form_that_is_refilled_and_left_is_a_signal() -> None:
    assert times([view(0), step(10, "submit"), LEFT]) == [9000]


def test_the_success_of_another_form_does_not_count() -> None:
    other_form = step(10_000, "succeeded", form="form#newsletter")
    other_view = view(10_000, "https://shop.test/b", "q")

    assert times([view(0), LEFT, other_form]) == [9000]
    assert times([view(0), LEFT, other_view, step(20_000, "succeeded", "q")]) == [9000]


def test_a_form_left_twice_is_one_signal_at_the_last_place() -> None:
    reloaded, left = view(10_000, page_id="q"), step(20_000, "abandoned", "q", fields=1)

    assert times([view(0), LEFT, reloaded, left]) == [20_000]


def test_a_form_without_a_filled_in_field_was_not_abandoned() -> None:
    assert times([view(0), step(9000, "abandoned", fields=0)]) == []


@pytest.mark.parametrize("late_ms", [0, 900])
def test_late_steps_belong_to_the_previous_address(
    late_ms: float,
) -> None:
    """A single-page app reports the success a second late and shows the form again later."""
    page = [view(0, "https://shop.test/pay"), view(9100 - late_ms, "https://shop.test/thanks")]
    back = view(40_000, "https://shop.test/pay")
    left = step(50_000, "abandoned", fields=2)

    assert times([*page, step(9100, "succeeded"), back, left]) == []
