from collections.abc import Iterable
from itertools import pairwise

import pytest

from lake.analysis.events import Occurrence
from lake.analysis.forms import FORMS_MAX
from lake.analysis.rules.form_frustration import FormFrustration
from tests.lake.analysis.occurrences import signals_of, step, view


def attempts(occurrences: Iterable[Occurrence]) -> list[object]:
    return [signal.evidence["attempts"] for signal in signals_of(FormFrustration(), occurrences)]


def test_the_second_failure_is_the_signal_with_all_as_evidence() -> None:
    steps: list[Occurrence] = [
        view(0),
        step(10, "invalid"),
        step(20, "failed", status=422),
        step(30, "invalid"),
    ]

    [signal] = signals_of(FormFrustration(), steps)

    assert (signal.kind, signal.at_ms, signal.target) == ("form_frustration", 20, "form#pay")
    assert signal.evidence == {"attempts": 3}


def test_one_failure_is_none_whatever_was_submitted() -> None:
    steps: list[Occurrence] = [
        view(0),
        step(1, "submit"),
        step(2, "invalid"),
        step(3, "submit"),
        step(4, "submit"),
    ]

    assert attempts([*steps, step(5, "succeeded"), step(6, "abandoned", fields=1)]) == []


def test_a_submit_and_its_refusal_are_one_attempt() -> None:
    steps = [step(1, "submit"), step(2, "invalid"), step(10, "submit"), step(11, "failed")]

    assert attempts([view(0), *steps]) == [2]


def test_two_forms_of_a_page_that_fail_once_each_are_not_one() -> None:
    assert attempts([step(1, "invalid", form="form#a"), step(2, "invalid", form="form#b")]) == []


def test_the_same_path_at_another_address_is_another_form() -> None:
    here, there = view(0, "https://a.test/login"), view(5, "https://a.test/join", "q")

    assert attempts([here, step(1, "invalid"), there, step(6, "invalid", "q")]) == []


def test_a_form_is_known_again_after_a_reload_with_another_query() -> None:
    first, again = view(0, "https://a.test/login?next=a"), view(5, "https://a.test/login/#top", "q")

    [signal] = signals_of(
        FormFrustration(), [first, step(1, "failed"), again, step(6, "failed", "q")]
    )

    assert (signal.page_id, signal.at_ms) == ("q", 6)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("form.needs-validation", "form.needs-validation.was-validated"),
        ("form.login.ng-pristine", "form.login.ng-invalid"),
        ("div.modal > form.pay", "div.modal.show > form.pay.error"),
        ("main.open > form", "main > form"),
    ],
)
def test_a_form_is_the_same_with_classes_of_failure(before: str, after: str) -> None:
    steps: list[Occurrence] = [
        view(0),
        step(1, "invalid", form=before),
        step(2, "invalid", form=after),
    ]

    assert attempts([*steps, step(3, "invalid", form=before)]) == [3]


def test_a_class_that_begins_like_a_state_stays_in_the_path() -> None:
    steps = [step(1, "invalid", form="form.active-users"), step(2, "invalid", form="form.users")]

    assert attempts(steps) == []


def test_failures_out_of_order_have_the_time_of_the_second() -> None:
    steps: list[Occurrence] = [
        view(0),
        step(30, "invalid"),
        step(10, "invalid"),
        step(20, "invalid"),
    ]

    assert [s.at_ms for s in signals_of(FormFrustration(), steps)] == [20]


def test_a_page_between_changes_nothing() -> None:
    steps: list[Occurrence] = [view(0), step(10, "invalid"), step(20, "invalid")]
    others: list[Occurrence] = [view(5, "https://b.test/", "q"), step(15, "invalid", "q")]

    mixed = sorted([*steps, *others], key=lambda o: o.at_ms)

    assert signals_of(FormFrustration(), mixed) == signals_of(FormFrustration(), steps)


def test_a_page_that_makes_up_forms_without_end_fills_no_memory() -> None:
    rule = FormFrustration()
    names = [f"form#f{n}" for n in range(3 * FORMS_MAX)]

    signals = signals_of(rule, [step(n, "invalid", form=name) for name in names for n in (1, 2)])

    assert len(signals) == FORMS_MAX
    assert all(a.target != b.target for a, b in pairwise(signals))
