"""Laws of all rules: the time of a session and unrelated occurrences change nothing."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.events import Occurrence, Rule, Scroll, Signal
from lake.analysis.rules.error_click import ErrorClick
from lake.analysis.rules.form_abandonment import FormAbandonment
from lake.analysis.rules.form_frustration import FormFrustration
from lake.analysis.rules.quick_back import QuickBack
from lake.analysis.rules.scroll_thrash import ScrollThrash
from lake.analysis.rules.slow_response import SlowResponse
from tests.lake.analysis.occurrences import (
    LAW,
    click,
    error,
    moved,
    request,
    signals_of,
    step,
    view,
)

RULES = [FormFrustration, FormAbandonment, ScrollThrash, ErrorClick, SlowResponse]
STEPS = ("submit", "invalid", "failed", "succeeded", "abandoned")


def occurrences(page_id: str, address: str) -> st.SearchStrategy[list[Occurrence]]:
    """Any occurrences of one page, in order of time."""
    times = st.integers(0, 12_000).map(float)
    occurrence: st.SearchStrategy[Occurrence] = st.one_of(
        times.map(lambda at: click(at, page_id)),
        times.map(lambda at: error(at, page_id)),
        times.map(lambda at: request(at + 3000, 3000, page_id)),
        st.builds(
            lambda at, name, form: step(at, name, page_id, form=form, fields=2),
            times,
            st.sampled_from(STEPS),
            st.sampled_from(["form#a", "form#b"]),
        ),
        st.builds(lambda at, y: Scroll(page_id, at, 1, 0, y), times, st.integers(0, 1500)),
    )
    shown = view(0, f"https://shop.test/{address}", page_id)
    return st.lists(occurrence, max_size=25).map(
        lambda ones: [shown, *sorted(ones, key=lambda o: o.at_ms)]
    )


def key(signal: Signal) -> tuple[float, str, str, str, str]:
    page_id, at_ms, kind = signal.page_id, signal.at_ms, signal.kind
    return at_ms, page_id, kind, signal.target or "", str(signal.evidence)


@pytest.mark.parametrize("rule", [*RULES, QuickBack])
@LAW
@given(ones=occurrences("p", "a"), by_ms=st.integers(0, 10**12))
def test_when_a_session_was_does_not_matter(
    rule: Callable[[], Rule], ones: list[Occurrence], by_ms: int
) -> None:
    later = [item._replace(at_ms=item.at_ms + by_ms) for item in ones]

    assert signals_of(rule(), later) == [
        moved(signal, by_ms) for signal in signals_of(rule(), ones)
    ]


@pytest.mark.parametrize("rule", RULES)
@LAW
@given(ones=occurrences("p", "a"), others=occurrences("q", "b"))
def test_another_page_between_does_not_matter(
    rule: Callable[[], Rule], ones: list[Occurrence], others: list[Occurrence]
) -> None:
    mixed = sorted([*ones, *others], key=lambda occurrence: occurrence.at_ms)

    alone = signals_of(rule(), ones) + signals_of(rule(), others)
    assert sorted(signals_of(rule(), mixed), key=key) == sorted(alone, key=key)
