"""Background activity of a page, and the visibility of its changes."""

import pytest

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.nodes import Change
from lake.analysis.dom.visibility import is_shown
from lake.analysis.inferred.background_activity import (
    BackgroundActivity,
    BackgroundPattern,
    signature_of,
)
from tests.lake.analysis.streams import Page


def pattern(*times_ms: float) -> BackgroundPattern:
    made = BackgroundPattern()
    for at_ms in times_ms:
        made.note(at_ms)
    return made


@pytest.mark.parametrize(
    ("at_ms", "is_due"), [(2000, True), (2499, False), (2501, True), (3700, True), (3701, False)]
)
def test_a_habit_is_due_about_when_its_rest_is_over(at_ms: float, is_due: bool) -> None:
    assert pattern(0, 1000, 2000).is_due(at_ms) is is_due


def test_once_is_no_habit() -> None:
    assert not pattern(0).is_due(1000)


def test_irregular_patterns_are_due_within_their_intervals() -> None:
    irregular = pattern(0, 1000, 5000)

    assert not irregular.is_due(5400)
    assert irregular.is_due(5600)
    assert irregular.is_due(11_000)


def test_two_events_of_one_moment_are_once() -> None:
    assert not pattern(0, 3).is_due(1000)


def test_what_rested_for_long_begins_anew() -> None:
    assert not pattern(0, 1000, 2000, 60_000).is_due(61_000)


def test_habits_are_forgotten_where_there_are_too_many() -> None:
    habits = BackgroundActivity()
    for number in range(5000):
        habits.note(number, 0)
        habits.note("kept", number)

    assert habits.get(0) is None
    assert habits.get(4999) is not None
    assert habits.get("kept") is not None


def changes(page: Page) -> list[Change]:
    tree = DomTree()
    tree.load_snapshot(page.events[1]["data"])
    return [change for event in page.events[2:] for change in tree.apply_mutation(event["data"])]


def test_a_sign_says_what_changed_of_it() -> None:
    page = Page(
        ("ul", {}, ("li", {"name": "a", "class": "x"}), ("li", {"name": "b", "class": "x y"}))
    )
    page.set("a", **{"class": "x on"}).set("b", **{"class": "x y on"})
    page.set("a", **{"class": "x y on"}).set("b", **{"class": "x on"})
    page.set("a", style="left:1px").set("a", style={"left": "2px"}).set("b", style="top:1px")

    signs = [signature_of(change) for change in changes(page)]

    assert signs[0] == signs[1] != signs[2] == signs[3]
    assert signs[4] == signs[5] != signs[6]


def test_a_text_that_is_replaced_is_one_that_changes() -> None:
    page = Page(("b", {"name": "b"}, "1"))
    page.mutate(
        removes=[{"id": page.ids["b"] + 1}],
        adds=[{"parentId": page.ids["b"], "node": page.node("2")}],
    )

    assert len({signature_of(change) for change in changes(page)}) == 1


def test_the_words_of_a_script_and_the_title_are_not_shown() -> None:
    page = Page(("title", {"name": "title"}, "Shop"), ("p", {"name": "p"}, "Shop"))
    for name in ("title", "p"):
        page.mutate(texts=[{"id": page.ids[name] + 1, "value": "(1) Shop"}])

    assert [is_shown(change) for change in changes(page)] == [False, True]
