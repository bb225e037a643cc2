"""Dead clicks of plain rrweb streams: on what is not interactive, and nothing reacted."""

from collections.abc import Callable
from typing import Any

import pytest

from lake.analysis.events import Click
from tests.lake.analysis.streams import Page, kinds, occurrences_of, of_rules, signals

HEADING = ("main", {"id": "shop"}, ("h2", {"name": "title", "class": "headline"}, "Our offers"))
DEAD = ["dead_click"]
Act = Callable[[Page], object]


def page(*more: Any, css: str = "") -> Page:
    return Page(HEADING, ("input", {"name": "field"}), *more, css=css).wait(20_000)


def test_a_click_on_a_heading_that_nothing_answers_is_dead() -> None:
    (signal,) = signals(page().click("title"))

    assert signal.kind == "dead_click"
    assert signal.target == "main#shop > h2.headline"
    assert (signal.text, signal.x, signal.y) == ("Our offers", 400, 300)


def test_a_tap_is_a_click() -> None:
    assert kinds(page().tap("title")) == DEAD


def test_a_click_without_a_place_is_one() -> None:
    mouse = page().mouse(1, "title").wait(50).mouse(0, "title").mouse(2, "title")

    assert kinds(mouse) == DEAD


def test_a_recorder_that_tells_only_clicks_is_understood() -> None:
    assert kinds(page().mouse(2, "title", x=5, y=5)) == DEAD


REACTIONS: dict[str, Act] = {
    "a class": lambda p: p.set("body", **{"class": "dark"}),
    "a node": lambda p: p.insert("body", ("div", {"class": "toast"}, "Saved")),
    "a node less": lambda p: p.remove("field"),
    "a text": lambda p: p.mutate(texts=[{"id": p.ids["title"] + 1, "value": "New"}]),
    "scrolling": lambda p: p.source(3, id=1, x=0, y=900),
    "an address": lambda p: p._add(4, {"href": "https://shop.example/#top"}),
    "a document": lambda p: p._add(0, {}),
    "a selection": lambda p: p.select("title", 3),
    "a value": lambda p: p.source(5, id=p.ids["field"], text="*", isChecked=False),
    "a video": lambda p: p.source(7, id=p.ids["field"], type=0),
    "a rule": lambda p: p.source(8, id=3, adds=[{"rule": ".a{}", "index": 0}]),
    "a focus": lambda p: p.mouse(5, "field"),
    "a script's click": lambda p: p.mouse(2, "field", x=0, y=0),
    "a window": lambda p: p.source(4, width=500, height=400),
}


@pytest.mark.parametrize("react", REACTIONS.values(), ids=REACTIONS.keys())
def test_a_reaction_within_a_second_saves_a_click(react: Act) -> None:
    answered, late = page().click("title").wait(1000), page().click("title").wait(1001)
    react(answered)
    react(late)

    assert kinds(answered) == []
    assert kinds(late) == DEAD


def test_what_opens_when_the_button_goes_down_has_reacted() -> None:
    menu = page().mouse(1, "title", x=9, y=9).wait(5)
    menu.set("title", aria_busy="true").wait(80)
    menu.mouse(0, "title", x=9, y=9).mouse(2, "title", x=9, y=9)

    assert kinds(menu) == []


def test_what_happened_before_the_button_went_down_is_no_answer() -> None:
    assert kinds(page().set("title", lang="de").wait(5).click("title")) == DEAD


def test_a_click_is_told_as_the_page_was_before_it_answered() -> None:
    erased = page().mouse(1, "title", x=9, y=9).wait(50).remove("title")
    erased.mouse(2, "title", x=9, y=9)

    (click,) = occurrences_of(erased)

    assert isinstance(click, Click)
    assert (click.target, click.text) == ("main#shop > h2.headline", "Our offers")


# What a page does by itself is no answer.


def test_a_clock_does_not_save_a_click() -> None:
    clock = page(("time", {"name": "clock"}, "12:00"))

    def tick(times: int) -> None:
        for _ in range(times):
            clock.wait(1000).mutate(texts=[{"id": clock.ids["clock"] + 1, "value": "12:01"}])

    tick(4)
    clock.wait(300).click("title").wait(-360)
    tick(3)

    assert kinds(clock) == DEAD


def test_a_clock_is_known_after_a_checkpoint_too() -> None:
    before, after = (Page(("time", {"name": "clock"}, "12"), HEADING, first_id=n) for n in (1, 900))
    for clock in (before, after):
        for _ in range(4):
            clock.wait(1000).mutate(texts=[{"id": clock.ids["clock"] + 1, "value": "13"}])
    for event in after.events:
        event["timestamp"] += 4000
    after.wait(600).click("title")  # the next tick is the first after the checkpoint
    after.events = before.events + after.events

    assert kinds(after) == DEAD


def carousel() -> tuple[Page, Callable[[int], Page]]:
    slides = [("div", {"name": f"slide{n}", "class": "slide"}) for n in range(3)]
    page_ = page(("div", {"name": "slides"}, *slides))

    def show(number: int) -> Page:
        page_.set(f"slide{number % 3}", **{"class": "slide"})
        return page_.set(f"slide{(number + 1) % 3}", **{"class": "slide shown"})

    return page_, show


def test_a_carousel_that_turns_by_itself_does_not_save_a_click() -> None:
    turning, show = carousel()
    for number in range(4):
        turning.wait(4000)
        show(number)
    turning.wait(3500).click("title").wait(440)
    show(4)

    assert kinds(turning) == DEAD


def test_a_carousel_clicked_by_a_script_is_no_response() -> None:
    turning, show = carousel()
    for number in range(8):
        if number == 6:
            turning.wait(-400).click("title").wait(340)
        turning.mouse(2, "slides", x=0, y=0)
        show(number).wait(4000)

    assert kinds(turning) == DEAD


def test_a_carousel_that_turns_when_it_is_clicked_has_reacted() -> None:
    turning, show = carousel()
    for number in range(4):
        turning.wait(4000)
        show(number)
    turning.wait(1000).click("slide1").wait(30)
    show(4)

    assert kinds(turning) == []


def test_a_carousel_that_had_stopped_has_reacted() -> None:
    turning, show = carousel()
    for number in range(4):
        turning.wait(4000)
        show(number)
    turning.wait(60_000).click("slide1").wait(30)
    show(4)

    assert kinds(turning) == []


def test_what_follows_the_mouse_does_not_save_a_click() -> None:
    follower = page(("i", {"name": "dot"}))

    def move(times: int) -> None:
        for number in range(times):
            follower.wait(16).set("dot", style={"left": f"{number}px"})
        follower.wait(-320).move(ms=320)

    move(20)
    follower.wait(5000).click("title").wait(100)
    move(20)

    assert kinds(follower) == DEAD


def hover(page_: Page, name: str, on: str) -> Page:
    """The mouse comes or goes; the page marks what it is over by a class."""
    page_.wait(50).set(name, **{"class": on}).wait(-50)
    return page_.move(name, ms=100)


def test_a_mark_of_what_the_mouse_is_over_does_not_save_a_click() -> None:
    card = page(("div", {"name": "card", "class": "card"}, "Offer"))
    hover(card, "card", "card over").wait(2000).click("card").wait(200)
    hover(card, "card", "card")

    assert kinds(card) == DEAD


def test_moves_are_told_late() -> None:
    card = page(("div", {"name": "card", "class": "card"}, "Offer"))
    hover(card, "card", "card over").wait(2000).click("card").wait(900)
    card.set("card", **{"class": "card"}).wait(-50).move("card", ms=500)

    assert kinds(card) == DEAD


def test_a_mark_of_what_was_chosen_saves_a_click() -> None:
    card = page(("div", {"name": "card", "class": "card"}, "Offer"))
    hover(card, "card", "card over").wait(2000).click("card").wait(20)
    card.set("card", **{"class": "card over chosen"}).move("card", ms=50)

    assert kinds(card) == []


def test_a_tip_at_the_mouse_does_not_save_a_click() -> None:
    tips = page()

    def tip() -> None:
        tips.wait(50).insert("body", ("div", {"name": "tip", "class": "tip"}, "It is a tip"))
        tips.wait(-50).move("title").wait(800)
        tips.wait(50).remove("tip").wait(-50).move().wait(2000)

    tip()
    tip()
    tips.click("title").wait(100)
    tip()

    assert kinds(tips) == DEAD


UNSEEN: dict[str, Act] = {
    "a script": lambda p: p.insert("body", ("script", {"src": "/count.js"}, "")),
    "a pixel": lambda p: p.insert("body", ("img", {"width": "1", "height": "1"})),
    "a hidden frame": lambda p: p.insert("body", ("iframe", {"style": "display: none"})),
    "a hidden node": lambda p: p.insert("body", ("div", {"hidden": ""}, "12")),
    "the device": lambda p: p.set("body", data_whatinput="mouse"),
    "the focus": lambda p: p.set("body", **{"class": "no-focus-outline"}),
    "a mark of it": lambda p: p.set("title", data_focus_visible_added=""),
}


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_cannot_be_seen_is_no_answer(change: Act) -> None:
    clicked = page().click("title").wait(20)
    change(clicked)

    assert kinds(clicked) == DEAD


def test_a_page_that_rolls_already_has_not_answered() -> None:
    rolling = page()
    for y in range(5):
        rolling.wait(100).source(3, id=1, x=0, y=y * 90)
    rolling.wait(20).click("title")
    for y in range(5, 9):
        rolling.wait(100).source(3, id=1, x=0, y=y * 90)

    assert kinds(rolling) == DEAD


def test_a_caret_that_moves_is_no_selection() -> None:
    assert kinds(page().click("title").select("title", 0)) == DEAD


def test_a_selection_that_goes_is_an_answer() -> None:
    assert kinds(page().select("title", 3).wait(5000).click("title").select("title", 0)) == []


def test_the_focus_of_what_is_no_field_is_no_answer() -> None:
    assert kinds(page().click("title").mouse(6, "field").mouse(5, "body")) == DEAD


def test_a_checkpoint_is_no_answer() -> None:
    checked = page().click("title").wait(100)
    checked.events += [{**e, "timestamp": checked.at_ms} for e in checked.events[:2]]

    assert kinds(checked) == DEAD


# Who clicked, and how often.


def test_a_drag_is_no_click() -> None:
    drag = page().mouse(1, "title", x=10, y=10).wait(400)
    drag.mouse(0, "title", x=90, y=10).mouse(2, "title", x=90, y=10)

    assert occurrences_of(drag) == []


def test_a_click_with_the_other_button_is_none() -> None:
    menu = page().mouse(1, "title", x=9, y=9).wait(50).mouse(3, "title", x=9, y=9)

    assert occurrences_of(menu.wait(300).mouse(2, "title", x=9, y=9)) == []


def test_a_click_outside_of_the_window_is_a_scripts() -> None:
    assert occurrences_of(page().click("title", y=-20)) == []


def test_a_tap_that_became_a_scroll_is_no_click() -> None:
    swipe = page().mouse(7, "title", x=9, y=9).wait(30).mouse(10, "title")

    assert occurrences_of(swipe.wait(2000).mouse(2, "title", x=9, y=9)) == []


def test_clicks_again_in_the_same_place_are_one_dead_click() -> None:
    assert kinds(page().clicks("title", 2, every_ms=900)) == DEAD
    assert kinds(page().clicks("title", 2, every_ms=1200)) == DEAD * 2
    assert kinds(page().click("title", x=100).click("title", x=131)) == DEAD * 2


DEAD_CLICK = Click("p", 1000.0, None, None, "h2", None, is_interactive=False, reacted=False)


def test_clicks_without_places_are_told_apart_by_their_targets() -> None:
    again = DEAD_CLICK._replace(at_ms=1100.0)
    other = DEAD_CLICK._replace(at_ms=1200.0, target="p")

    assert [signal.target for signal in of_rules([DEAD_CLICK, again, other])] == ["h2", "p"]


def test_a_repeated_click_on_another_page_is_another() -> None:
    other = DEAD_CLICK._replace(page_id="q")

    assert [signal.page_id for signal in of_rules([DEAD_CLICK, other])] == ["p", "q"]


def test_clicks_on_unknown_nodes_are_not_dead() -> None:
    assert kinds(page().click("nobody")) == []


def test_labels_are_masked_and_cut() -> None:
    long = page(("p", {"name": "p"}, "Mail jo@example.com now " + "or later " * 40)).click("p")

    (signal,) = signals(long)

    assert signal.text is not None
    assert signal.text.startswith("Mail *** now")
    assert len(signal.text) == 80


def test_texts_of_fields_and_private_parts_are_not_told() -> None:
    private = page(("div", {"data-private": ""}, ("p", {"name": "p"}, "Balance 12"))).click("p")
    editor = page(("div", {"contenteditable": ""}, ("p", {"name": "p"}, "Dear Jo"))).click("p")

    assert [
        c.text for c in occurrences_of(private) + occurrences_of(editor) if isinstance(c, Click)
    ] == [None, None]
