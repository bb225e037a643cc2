"""Builders of occurrences, and the signals of a rule."""

from collections.abc import Iterable

from hypothesis import settings

from lake.analysis.events import (
    Click,
    Error,
    FormStep,
    Navigation,
    NetworkRequest,
    Occurrence,
    Rule,
    Scroll,
    Signal,
)

LAW = settings(deadline=None, max_examples=40)  # each is cheap; the machine may be busy
SHOP = "https://shop.test/cart"


def signals_of(rule: Rule, occurrences: Iterable[Occurrence]) -> list[Signal]:
    """Run a rule over a whole session."""
    signals = [signal for occurrence in occurrences for signal in rule.see(occurrence)]
    return [*signals, *rule.end()]


def click(at_ms: float, page_id: str = "p", *, target: str | None = "button") -> Click:
    return Click(page_id, at_ms, 10, 20, target, "Buy", True, True)


def error(at_ms: float, page_id: str = "p", *, message: str = "x is undefined") -> Error:
    return Error(page_id, at_ms, message)


def step(
    at_ms: float,
    name: str,
    page_id: str = "p",
    *,
    form: str = "form#pay",
    status: int | None = None,
    fields: int | None = None,
) -> FormStep:
    return FormStep(page_id, at_ms, form, name, status, fields)


def view(
    at_ms: float, url: str = SHOP, page_id: str = "p", *, is_back: bool | None = None
) -> Navigation:
    return Navigation(page_id, at_ms, url, 1280, 800, is_back)


def request(ended_at_ms: float, duration_ms: float, page_id: str = "p") -> NetworkRequest:
    return NetworkRequest(page_id, ended_at_ms, "POST", "/api/pay", 500, duration_ms)


def scrolls(
    places: Iterable[tuple[float, float]], page_id: str = "p", *, node: int = 1
) -> list[Scroll]:
    return [Scroll(page_id, at_ms, node, 0, y) for at_ms, y in places]


def moved(signal: Signal, by_ms: float) -> Signal:
    return signal._replace(at_ms=signal.at_ms + by_ms)
