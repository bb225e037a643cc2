"""Rage clicks of plain rrweb streams: three or more in one place, in vain."""

from typing import Any

import pytest

from lake.analysis.events import Burst
from tests.lake.analysis.streams import Page, kinds, occurrences_of, signals

BUTTON = ("button", {"name": "pay", "id": "pay"}, "Pay")
RAGE = ["rage_click"]


def page(*more: Any) -> Page:
    return Page(BUTTON, *more).wait(20_000)


def burst(page_: Page) -> Burst:
    (rage_click,) = [
        occurrence for occurrence in occurrences_of(page_) if isinstance(occurrence, Burst)
    ]
    return rage_click


def test_three_fast_clicks_without_effect_are_rage() -> None:
    (signal,) = signals(page().clicks("pay", 3))

    assert signal.kind == "rage_click"
    assert (signal.target, signal.text) == ("button#pay", "Pay")
    assert signal.evidence == {"clicks": 3}


def test_taps_are_clicks() -> None:
    assert kinds(page().tap("pay").wait(100).tap("pay").wait(100).tap("pay")) == RAGE


def test_half_a_second_is_the_limit() -> None:
    assert kinds(page().clicks("pay", 3, every_ms=250)) == RAGE
    assert kinds(page().clicks("pay", 3, every_ms=251)) == []


def test_thirty_pixels_are_the_limit() -> None:
    near = page().click("pay", x=400).click("pay", x=418, y=324).click("pay", x=400)
    far = page().click("pay", x=400).click("pay", x=418, y=325).click("pay", x=400)

    assert kinds(near) == RAGE
    assert kinds(far) == []


def test_the_place_is_that_of_the_first_click() -> None:
    assert kinds(page().click("pay", x=400).click("pay", x=425).click("pay", x=440)) == []


def test_a_slow_click_before_them_does_not_hide_three_fast_ones() -> None:
    assert burst(page().click("pay").wait(450).clicks("pay", 3)).click_count == 3


def test_a_run_of_clicks_is_one_burst_however_long() -> None:
    assert burst(page().clicks("pay", 40, every_ms=400 // 2)).click_count == 40
    assert burst(page().clicks("pay", 3).wait(300).clicks("pay", 3)).click_count == 6


def test_two_runs_are_two_bursts() -> None:
    assert kinds(page().clicks("pay", 3).wait(600).clicks("pay", 3)) == RAGE * 2


def test_two_places_are_two_bursts() -> None:
    two = page()
    for x in (100, 100, 100, 200, 200, 200):
        two.click("pay", x=x).wait(60)

    assert kinds(two) == RAGE * 2


def test_clicks_without_places_are_one_burst_on_one_element() -> None:
    same, other = page(), page(("button", {"name": "other"}))
    for name in ("pay", "pay", "pay"):
        same.mouse(1, name).mouse(2, name).wait(100)
    for name in ("pay", "other", "pay"):
        other.mouse(1, name).mouse(2, name).wait(100)

    assert kinds(same) == RAGE
    assert kinds(other) == []


def test_clicks_of_a_recorder_that_tells_no_buttons_are_a_burst() -> None:
    only = page()
    for _ in range(3):
        only.mouse(2, "pay", x=9, y=9).wait(120)

    assert kinds(only) == RAGE


def test_a_stepper_that_counts_each_click_is_no_rage() -> None:
    stepper = page(("b", {"name": "count"}, "0"))
    text = stepper.ids["count"] + 1
    stepper.clicks(
        "pay", 6, then=lambda n: stepper.mutate(texts=[{"id": text, "value": str(n + 1)}])
    )

    assert kinds(stepper) == []


def test_a_stepper_that_stops_counting_is() -> None:
    stepper = page(("b", {"name": "count"}, "0"))
    text = stepper.ids["count"] + 1
    stepper.clicks(
        "pay",
        6,
        then=lambda n: stepper.mutate(texts=[{"id": text, "value": str(n)}]) if n < 3 else None,
    )

    assert burst(stepper).click_count == 6


def test_an_answer_to_the_last_click_only_came_too_late() -> None:
    slow = page()
    slow.clicks("pay", 4, then=lambda n: slow.set("pay", title="Paid") if n == 3 else None)

    assert kinds(slow) == RAGE


def test_a_very_long_game_of_clicks_that_all_count_is_no_rage() -> None:
    game = page(("b", {"name": "count"}, "0"))
    game.clicks("pay", 2000, then=lambda n: game.set("count", title=str(n)))

    assert kinds(game) == []


def test_a_carousel_that_turns_at_each_click_is_no_rage() -> None:
    slides = page(("div", {"name": "slides"}, "..."))
    slides.clicks(
        "pay", 4, then=lambda n: slides.source(3, id=slides.ids["slides"], x=n * 400, y=0)
    )

    assert kinds(slides) == []


def carousel() -> Page:
    """It has turned by itself each 900 ms, and its next turn is due."""
    slides = page(("div", {"name": "slides"}, "..."))
    for number in range(6):
        slides.wait(900).set("slides", style={"translate": f"{number}px"})
    return slides.wait(500)


def test_a_carousel_that_also_turns_by_itself_is_clicked_fast() -> None:
    slides = carousel()
    slides.clicks("pay", 4, then=lambda n: slides.set("slides", style={"translate": f"{90 + n}px"}))

    assert kinds(slides) == []


def test_a_carousel_that_turns_only_by_itself_hides_no_rage() -> None:
    slides = carousel()
    turn = {0: "90px", 3: "91px"}
    slides.clicks(
        "pay",
        6,
        then=lambda n: slides.set("slides", style={"translate": turn[n]}) if n in turn else None,
    )

    assert kinds(slides) == RAGE


@pytest.mark.parametrize("answered", [True, False])
def test_a_page_that_hung_may_answer_clicks_in_a_row_at_once(answered: bool) -> None:
    """The first click starts the work; the other clicks and the reaction are recorded after it."""
    hung = page(("b", {"name": "count"}, "0"))
    for _ in range(2):
        hung.click("pay", held_ms=2).wait(240)
        for _ in range(3):
            hung.click("pay", held_ms=2).wait(4)
        if answered:
            hung.set("count", title=str(hung.at_ms))
        hung.wait(120)

    assert kinds(hung) == ([] if answered else RAGE)


def test_an_animation_does_not_hide_rage() -> None:
    moving = page(("i", {"name": "spinner"}))
    for number in range(200):
        moving.wait(16).set("spinner", style={"rotate": f"{number}deg"})
    moving.wait(-1600).clicks("pay", 4)

    assert kinds(moving) == RAGE


def test_a_double_or_triple_click_that_selects_text_is_none() -> None:
    text = page(("p", {"name": "text", "tabindex": "0"}, "Some words"))
    text.clicks("text", 3, then=lambda n: text.select("text", 4) if n else None)

    assert kinds(text) == []


def test_nobody_selects_with_a_fourth_click() -> None:
    text = page(("p", {"name": "text", "tabindex": "0"}, "Some words"))
    text.clicks("text", 4, then=lambda n: text.select("text", n + 1))

    assert kinds(text) == RAGE


def test_the_text_of_a_button_is_selected_by_accident() -> None:
    button = page()
    button.clicks("pay", 3, then=lambda n: button.select("pay", 3) if n else None)

    assert kinds(button) == RAGE


def test_selecting_text_moved_under_the_mouse_is_no_rage() -> None:
    more = page(
        (
            "details",
            {"name": "more"},
            ("summary", {"name": "all"}, "All"),
            ("p", {"name": "p"}, "A"),
        )
    )
    more.click("all").set("more", open="").wait(150)
    more.click("p").select("p", 4).wait(150).click("p").select("p", 4).wait(2000)

    assert kinds(more) == []


@pytest.mark.parametrize(
    "shape",
    [
        ("input", {"name": "it"}),
        ("input", {"name": "it", "type": "number"}),
        ("textarea", {"name": "it"}),
        ("select", {}, ("option", {"name": "it"}, "A")),
        ("div", {"contenteditable": "true"}, ("p", {"name": "it"}, "Text")),
        ("canvas", {"name": "it"}),
        ("video", {"name": "it"}),
        ("div", {"name": "it", "rr_width": "90px", "rr_height": "9px"}),
    ],
    ids=str,
)
def test_fast_clicks_on_fields_and_opaque_elements_are_no_rage(shape: Any) -> None:
    assert kinds(page(shape).clicks("it", 5)) == []


@pytest.mark.parametrize("kind", ["button", "submit", "checkbox", "radio"])
def test_buttons_are_clicked_in_anger_whatever_their_tag(kind: str) -> None:
    assert kinds(page(("input", {"name": "it", "type": kind})).clicks("it", 5)) == RAGE


def test_a_label_and_its_checkbox_are_one_click() -> None:
    box = page(("label", {"name": "label"}, ("input", {"name": "box", "type": "checkbox"}), "Yes"))
    for _ in range(2):
        box.click("label").wait(3).mouse(2, "box", x=400, y=300)
        box.source(5, id=box.ids["box"], text="on", isChecked=True).wait(100)

    assert kinds(box) == []
    assert len(occurrences_of(box)) == 2


def test_a_label_without_mouse_down_is_one_click_with_its_box() -> None:
    box = page(("label", {"name": "label"}, ("input", {"name": "box", "type": "checkbox"}), "Yes"))
    for _ in range(2):
        box.mouse(2, "label", x=4, y=3).wait(3).mouse(2, "box", x=4, y=3).wait(100)

    assert len(occurrences_of(box)) == 2


def test_clicks_of_scripts_are_nobodys_anger() -> None:
    scripted = page().click("pay").wait(5000)
    for _ in range(5):
        scripted.mouse(2, "pay", x=0, y=0).wait(50)

    assert kinds(scripted) == []


def test_nobody_clicks_outside_of_the_window() -> None:
    outside = page()
    for _ in range(3):
        outside.mouse(2, "pay", x=9, y=-9).wait(120)

    assert occurrences_of(outside) == []


def test_a_burst_on_a_heading_is_rage_and_not_dead_clicks_too() -> None:
    assert kinds(page(("h1", {"name": "h1"}, "Sale")).clicks("h1", 5)) == RAGE
