"""Every pattern takes time that grows with its text's length, on what costs it most."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.hostile.costs import growth
from tests.hostile.patterns import ANY, INLINE, WORST, SourcePattern, Worst, all_patterns, inline

_CALLS: dict[str, Callable[["re.Pattern[Any]", Any], object]] = {
    "sub": lambda pattern, text: pattern.sub(text[:0], text),
    "finditer": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}


@cache
def patterns_by_name() -> dict[str, SourcePattern]:
    """Read the source once, and only where a test runs."""
    return {pattern.name: pattern for pattern in all_patterns()}


def assert_linear(source_pattern: SourcePattern, worst: Worst) -> None:
    for pattern in source_pattern.patterns:

        def make(length: int, pattern: "re.Pattern[Any]" = pattern) -> Any:
            text = worst.text(length)
            return text.encode() if isinstance(pattern.pattern, bytes) else text

        for method in sorted(source_pattern.methods):
            call = _CALLS.get(method) or getattr(re.Pattern, method)

            def work(text: Any, pattern: "re.Pattern[Any]" = pattern, call: Any = call) -> object:
                return call(pattern, text)

            assert is_linear(make, work), (source_pattern.name, method, worst)


def is_linear(make: Callable[[int], Any], work: Callable[[Any], object]) -> bool:
    """Quadratic time is 4 and 16 times; a busy machine deserves a second look."""
    for _ in range(3):
        twice, four_times = growth(make, work)
        if twice < 3 and four_times < 7:
            return True
    return False


def test_every_pattern_has_its_worst_cases() -> None:
    assert patterns_by_name().keys() == WORST.keys()


def test_no_pattern_is_hidden_in_a_call() -> None:
    assert inline() == INLINE


@pytest.mark.parametrize("name", WORST)
def test_pattern_is_linear_on_its_worst_cases(name: str) -> None:
    for worst in WORST[name]:
        assert_linear(patterns_by_name()[name], worst)


@pytest.mark.long
@pytest.mark.parametrize("name", WORST)
def test_pattern_is_linear_on_any_text(name: str) -> None:
    for worst in ANY:
        assert_linear(patterns_by_name()[name], worst)


def test_quadratic_pattern_is_detected() -> None:
    assert not is_linear(Worst("%40").text, re.compile(r"[^@\s]+(?:@|%40)[^@\s]+\.a").fullmatch)
    assert not is_linear(Worst(" [as ").text, re.compile(r" \[as [^\]]*\]$").search)
