"""Laws of dead and rage clicks: what must not matter, be raised, or grow."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.analysis.events import Burst, Click, Occurrence, Signal
from lake.analysis.inferred.page_inference import PageInference
from tests.lake.analysis.streams import (
    AT_MS,
    Json,
    Page,
    occurrences_of,
    of_rules,
    ordered_events,
    signals,
)

law = settings(deadline=None, max_examples=40)

Step = tuple[str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["click", "clicks", "burst", "answer", "wait", "scroll", "select", "step"]),
        st.integers(0, 4),
    ),
    max_size=12,
)
NAMES = ("title", "card", "pay", "field", "title")


def scripted(script: Sequence[Step], *, at_ms: float = AT_MS, first_id: int = 1) -> Page:
    """Make a visit. A clock ticks all the while."""
    page = Page(
        ("h2", {"name": "title"}, "Offers"),
        ("div", {"name": "card", "class": "card"}, ("img", {}), "Shoe"),
        ("button", {"name": "pay"}, "Pay"),
        ("input", {"name": "field"}),
        ("time", {"name": "clock"}, "12:00"),
        ("aside", {"name": "aside"}, "News"),
        css=".none{cursor:pointer}",
        at_ms=at_ms,
        first_id=first_id,
    ).wait(4000)
    for what, number in script:
        name = NAMES[number]
        if what == "click":
            page.click(name, x=100 * number + 50)
        elif what == "clicks":
            page.clicks(name, 2, every_ms=400)
        elif what == "burst":
            page.clicks(name, 3 + number)
        elif what == "step":
            page.clicks(name, 4, then=lambda n: page.set("pay", title=f"{page.at_ms} {n}"))
        elif what == "answer":
            page.click(name).wait(300 * number).set("card", lang=f"{page.at_ms}")
        elif what == "scroll":
            page.source(3, id=2, x=0, y=number * 100)
        elif what == "select":
            page.select("title", number)
        page.wait(70 + 300 * number)
    clock, until_ms = page.ids["clock"] + 1, page.at_ms
    page.at_ms = at_ms + 500
    while page.at_ms < until_ms:
        page.mutate(texts=[{"id": clock, "value": str(page.at_ms)}]).wait(1000)
    page.at_ms = until_ms
    return page


def said(detected: Sequence[Signal], since_ms: float = AT_MS) -> list[object]:
    return [signal._replace(at_ms=signal.at_ms - since_ms) for signal in detected]


@law
@given(steps, st.integers(-(10**11), 10**11))
def test_another_time_changes_nothing(script: list[Step], by_ms: int) -> None:
    moved = signals(scripted(script, at_ms=AT_MS + by_ms))

    assert said(moved, AT_MS + by_ms) == said(signals(scripted(script)))


@law
@given(steps, st.integers(2, 10**6))
def test_other_numbers_of_nodes_change_nothing(script: list[Step], first_id: int) -> None:
    assert signals(scripted(script, first_id=first_id)) == signals(scripted(script))


@law
@given(steps, st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 500)), max_size=20))
def test_mouse_moves_change_nothing(script: list[Step], moves: list[tuple[int, int]]) -> None:
    page = scripted(script)
    before = signals(page)
    for after_ms, ms in moves:
        page.at_ms = AT_MS + after_ms
        page.move("aside", ms=ms)

    assert signals(page) == before


@law
@given(steps, steps)
def test_another_page_changes_nothing(script: list[Step], other: list[Step]) -> None:
    page, another = scripted(script), scripted(other, at_ms=AT_MS + 333)
    both = [*occurrences_of(page, "one"), *occurrences_of(another, "two")]
    both.sort(key=lambda occurrence: occurrence.at_ms)

    mixed = of_rules(both)

    assert [s for s in mixed if s.page_id == "one"] == of_rules(
        sorted(occurrences_of(page, "one"), key=lambda occurrence: occurrence.at_ms)
    )


KEYS = (
    "id type x y node adds removes texts attributes parentId tagName childNodes value positions "
    "timeOffset ranges start end startOffset styles rules rule href class style _cssText "
    "contenteditable textContent"
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 12)
    | st.sampled_from([10**30, 10**400, -1e300, 0.5, "", "x", "cursor:pointer", "#"])
    | st.sampled_from(["p{cursor:pointer}", "mouse", "style", "a:b;c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=15,
)
bodies = st.builds(
    lambda source, kind, data: {**(data if isinstance(data, dict) else {}), **source, **kind},
    st.fixed_dictionaries({}, optional={"source": st.integers(-1, 16)}),
    st.fixed_dictionaries({}, optional={"type": st.integers(-1, 11)}),
    values,
)
events = st.builds(
    lambda kind, body, after: {"type": kind, "data": body, "timestamp": AT_MS + after},
    st.sampled_from([0, 1, 2, 3, 3, 3, 3, 4, 5, 6]),
    bodies | values,
    st.floats(-5000, 50_000),
)


@law
@given(st.lists(events, max_size=25))
def test_whatever_comes_nothing_is_raised(hostile: list[Json]) -> None:
    page = Page(("p", {"name": "p"}, "Text"), ("input", {"name": "i"}))
    page.events += hostile

    for occurrence in occurrences_of(page):
        if isinstance(occurrence, (Click, Burst)):
            assert occurrence.x is None or type(occurrence.x) is int
            assert occurrence.text is None or len(occurrence.text) <= 80


@pytest.mark.parametrize("json", [b"", b"[]", b"null", b'{"data":3}', b'{"data":' + b"[" * 9000])
def test_what_is_no_event_is_passed_over(json: bytes) -> None:
    assert PageInference("p").see(1.0, 3, json) == []


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls of functions, C's included: the same on every machine."""
    count = 0

    def profile(frame: Any, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def see_all(page: Page) -> Callable[[], list[Occurrence]]:
    events_ = list(ordered_events(page.events))
    foreign = PageInference("p")
    return lambda: [
        occurrence for e in events_ for occurrence in foreign.see(e.at_ms, e.type, e.json)
    ]


def busy(times: int) -> Page:
    """A page that changes and a visitor who clicks without pause."""
    page = Page(
        ("div", {"name": "card", "class": "card"}, ("p", {"name": "p"}, "Text")),
        css=".x .y{cursor:pointer}" * 50,
    )
    for number in range(times):
        page.insert("card", ("i", {"class": f"i{number}"}, "x")).move("p", ms=20)
        page.set("card", style={"left": f"{number}px"}).source(3, id=number % 300, x=0, y=number)
        page.click("p", held_ms=5).select("p", number % 2).set("p", lang=str(number))
    return page


def test_twice_the_events_are_twice_the_work() -> None:
    dedup, twice = calls_of(see_all(busy(150))), calls_of(see_all(busy(300)))

    assert twice < 2.2 * dedup


def test_a_wide_snapshot_and_a_deep_one_are_linear() -> None:
    def wide(times: int) -> Page:
        return Page(("ul", {}, *[("li", {"name": "it", "class": "a b"}, "x")] * times)).click("it")

    dedup, twice = calls_of(see_all(wide(1000))), calls_of(see_all(wide(2000)))

    assert twice < 2.2 * dedup


@pytest.mark.parametrize(
    "css",
    ["cursor:pointer;", "/*", "a,", "a{cursor:pointer}", ":not(", "[x=", "a " * 9, "cursor", "é"],
)
def test_hostile_sheets_are_linear(css: str) -> None:
    def sheet(times: int) -> Page:
        text = css * times + "{cursor:pointer}"
        return Page(("p", {"name": "p"}), css=text).click("p")

    dedup, twice = calls_of(see_all(sheet(1000))), calls_of(see_all(sheet(2000)))

    assert twice < 2.5 * dedup
