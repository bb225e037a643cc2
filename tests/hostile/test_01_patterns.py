"""Every pattern takes time that grows with its text's length, on what costs it most."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.hostile.costs import growth
from tests.hostile.patterns import ANY, INLINE, WORST, Found, Worst, found, inline

FOUND = found()
_CALLS: dict[str, Callable[["re.Pattern[Any]", Any], object]] = {
    "sub": lambda pattern, text: pattern.sub(text[:0], text),
    "finditer": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}


def assert_linear(one: Found, worst: Worst) -> None:
    for pattern in one.patterns:

        def make(length: int, pattern: "re.Pattern[Any]" = pattern) -> Any:
            text = worst.text(length)
            return text.encode() if isinstance(pattern.pattern, bytes) else text

        for method in sorted(one.methods):
            call = _CALLS.get(method) or getattr(re.Pattern, method)

            def work(text: Any, pattern: "re.Pattern[Any]" = pattern, call: Any = call) -> object:
                return call(pattern, text)

            assert is_linear(make, work), (one.name, method, worst)


def is_linear(make: Callable[[int], Any], work: Callable[[Any], object]) -> bool:
    """Quadratic time is 4 and 16 times; a busy machine deserves a second look."""
    for _ in range(3):
        twice, four_times = growth(make, work)
        if twice < 3 and four_times < 7:
            return True
    return False


def test_every_pattern_has_its_worst_cases() -> None:
    assert {one.name for one in FOUND} == set(WORST)


def test_no_pattern_is_hidden_in_a_call() -> None:
    assert inline() == INLINE


@pytest.mark.parametrize("one", FOUND, ids=lambda one: one.name)
def test_pattern_is_linear_on_its_worst_cases(one: Found) -> None:
    for worst in WORST[one.name]:
        assert_linear(one, worst)


@pytest.mark.long
@pytest.mark.parametrize("one", FOUND, ids=lambda one: one.name)
def test_pattern_is_linear_on_any_text(one: Found) -> None:
    for worst in ANY:
        assert_linear(one, worst)


def test_a_quadratic_pattern_is_noticed() -> None:
    assert not is_linear(Worst("%40").text, re.compile(r"[^@\s]+(?:@|%40)[^@\s]+\.a").fullmatch)
    assert not is_linear(Worst(" [as ").text, re.compile(r" \[as [^\]]*\]$").search)
