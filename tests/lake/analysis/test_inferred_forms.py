import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.events import FormStep, NetworkRequest
from lake.analysis.inferred.form_detector import FormDetector
from lake.analysis.inferred.page_inference import PageInference
from tests.lake.analysis.occurrences import LAW
from tests.lake.analysis.streams import AT_MS, PAGE, Page

MAIL = ("input", {"name": "mail", "type": "email", "required": ""})
NOTE = ("textarea", {"name": "note"})
SEND = ("button", {"name": "send"}, "Send")


def form(*inside: Any, **attributes: str) -> Any:
    return ("form", {"name": "form", "id": "pay", **attributes}, *(inside or (MAIL, NOTE, SEND)))


def steps(page: Page) -> list[FormStep]:
    foreign = PageInference(PAGE)
    matches = [
        item
        for event in page.events
        for item in foreign.see(event["timestamp"], event["type"], json.dumps(event).encode())
    ]
    return [item for item in [*matches, *foreign.end()] if isinstance(item, FormStep)]


def names(page: Page) -> list[str]:
    return [step.step for step in steps(page)]


def mouse(page: Page, kind: int, name: str) -> Page:
    return page.source(2, type=kind, id=page.ids[name], x=5, y=5)


def press(page: Page, name: str = "send") -> Page:
    """A click as rrweb tells it, with the focus that it takes."""
    mouse(mouse(page, 1, name), 5, name).wait(60)
    return mouse(mouse(page, 0, name), 2, name).wait(2)


def enter(page: Page, name: str = "send") -> Page:
    """Enter: the browser clicks the button, without a mouse."""
    return page.source(2, type=2, id=page.ids[name], x=0, y=0).wait(2)


def focus(page: Page, name: str) -> Page:
    return mouse(page, 5, name)


def type_in(page: Page, name: str, text: str = "***") -> Page:
    focus(page, name).wait(200)
    return page.source(5, id=page.ids[name], text=text, isChecked=False).wait(300)


def later(page: Page, ms: float = 3000) -> Page:
    """Something that has nothing to do with any form."""
    return page.wait(ms).source(1, positions=[{"x": 1, "y": 1, "id": 1, "timeOffset": 0}])


def answer(page: Page, status: int, *, ms: float = 200, **more: object) -> Page:
    request: dict[str, object] = {
        "initiatorType": "fetch",
        "name": "https://shop.example/api/pay?token=1",
    }
    request |= {"status": status, "startTime": 10, "endTime": 10 + ms, "duration": ms, **more}
    page.wait(ms)._add(6, {"plugin": "rrweb/network@1", "payload": {"requests": [request]}})
    return page


def filled(*inside: Any, **attributes: str) -> Page:
    return type_in(Page(form(*inside, **attributes)), "mail")


# Refused.


def test_a_focus_on_an_invalid_field_is_a_refusal() -> None:
    page = press(filled())
    began_ms = page.at_ms - 2

    [step] = steps(later(focus(page, "mail")))[:1]

    assert step == FormStep(PAGE, began_ms, "form#pay", "invalid")


def test_a_field_that_the_visitor_clicks_into_was_not_refused() -> None:
    page = press(filled())

    assert names(later(press(page.wait(50), "note"))) == ["submit"]


def test_a_form_that_moves_on_to_its_next_step_was_not_refused() -> None:
    page = press(filled()).insert("form", ("input", {"name": "code", "type": "text"}))

    assert "invalid" not in names(later(focus(page, "code")))


def test_what_a_button_shows_on_a_click_hides_no_refusal() -> None:
    page = press(filled()).insert("send", ("span", {"class": "ripple"}))

    assert names(later(focus(page, "mail")))[0] == "invalid"


@pytest.mark.parametrize(
    "marks",
    [
        {"class": "form-control is-invalid"},
        {"class": "input--error"},
        {"class": "Input_hasError__x7"},
        {"aria_invalid": "true"},
        {"class": "wpcf7-not-valid"},
    ],
)
def test_a_field_that_is_marked_was_refused(marks: dict[str, str]) -> None:
    page = press(filled(MAIL, SEND, novalidate=""))

    assert names(later(page.set("mail", **marks)))[0] == "invalid"


def test_a_wrapper_that_is_marked_was_refused() -> None:
    group = ("div", {"name": "group", "class": "field"}, MAIL)
    page = press(filled(group, SEND, novalidate=""))

    assert names(later(page.set("group", **{"class": "field has-error"})))[0] == "invalid"


@pytest.mark.parametrize(
    "marks", [{"class": "is-valid"}, {"class": "ng-invalid ng-touched"}, {"aria_invalid": "false"}]
)
def test_other_marks_refuse_nothing(marks: dict[str, str]) -> None:
    page = press(filled(MAIL, SEND, novalidate=""))

    assert names(later(page.set("mail", **marks))) == ["submit"]


def test_a_message_of_an_error_was_a_refusal() -> None:
    message = ("div", {"class": "alert alert-danger"}, "No such account")

    assert names(later(press(filled()).insert("form", message)))[0] == "invalid"


def test_a_shown_message_is_a_refusal_and_a_hidden_one_is_not() -> None:
    hint = ("p", {"name": "hint", "class": "error-text d-none"}, "Wrong")
    shown = press(filled(MAIL, hint, SEND)).set("hint", **{"class": "error-text"})
    hidden = press(filled(MAIL, hint, SEND).set("hint", **{"class": "error-text"}))

    assert names(later(shown))[0] == "invalid"
    assert names(later(hidden.set("hint", **{"class": "error-text d-none"}))) == ["submit"]


def test_a_new_view_that_holds_an_error_somewhere_is_no_message() -> None:
    rows = [("div", {"class": "row"}, f"Row {n}") for n in range(30)]
    page = press(filled()).insert("body", ("main", {}, *rows, ("i", {"class": "error"}, "!")))

    assert names(later(page)) == ["submit"]


def test_each_attempt_at_a_form_that_stays_marked_is_refused() -> None:
    marked = ("input", {"name": "mail", "type": "email", "class": "is-invalid"})
    page = press(later(press(filled(marked, SEND, novalidate=""))))

    assert names(later(page))[:2] == ["invalid", "invalid"]


def test_an_empty_required_field_is_refused_without_marks() -> None:
    page = enter(type_in(Page(form()), "note"))

    assert names(later(page))[0] == "invalid"
    assert names(later(enter(type_in(Page(form(novalidate="")), "note")))) == ["submit"]


def test_enter_in_an_invalid_field_is_refused_when_input_goes_on() -> None:
    page = later(enter(filled()), 1500)

    assert names(type_in(page, "mail", "****"))[0] == "invalid"


def test_each_of_two_quick_attempts_is_refused() -> None:
    page = focus(press(filled()), "mail").wait(100)

    assert names(later(focus(press(page), "mail"))).count("invalid") == 2


def test_a_page_that_is_left_at_once_has_taken_the_form() -> None:
    """A password manager filled in fields without any event."""
    assert names(enter(type_in(Page(form()), "note"))) == ["submit"]


def test_a_chat_that_is_emptied_and_focused_again_has_sent() -> None:
    page = press(filled())
    page.source(5, id=page.ids["mail"], text="", isChecked=False)

    assert names(later(focus(page, "mail"))) == ["succeeded"]


def test_an_invalid_field_outweighs_a_toast_of_success() -> None:
    page = press(filled()).set("mail", **{"class": "is-invalid"})
    page.insert("body", ("div", {"class": "toast toast-success"}, "Validate!"))

    assert names(later(page))[0] == "invalid"


# Answered.


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_request_that_is_answered_with_an_error_failed(status: int) -> None:
    [step] = steps(later(answer(press(filled()), status)))[:1]

    assert (step.step, step.status) == ("failed", status)


def test_one_attempt_fails_once_whatever_else_shows_it() -> None:
    page = answer(press(filled()), 422).set("mail", **{"class": "is-invalid"})

    assert names(later(page)).count("failed") == 1
    assert "invalid" not in names(later(page))


def test_a_request_that_goes_well_is_a_success_after_a_while() -> None:
    [step] = steps(later(answer(press(filled()), 201)))

    assert (step.step, step.status) == ("succeeded", 201)


def test_a_successful_response_with_an_error_message_is_invalid() -> None:
    page = answer(press(filled()), 200).wait(50).set("mail", **{"class": "is-invalid"})

    assert names(later(page))[0] == "invalid"


def test_a_failure_after_a_request_that_went_well_counts() -> None:
    page = answer(answer(press(filled()), 200), 500, name="https://shop.example/api/save")

    assert names(later(page))[0] == "failed"


def test_polls_images_and_late_requests_are_no_response() -> None:
    poll = "https://shop.example/api/poll"
    before = answer(filled(), 200, name=poll)
    polled = answer(press(answer(before, 200, name=poll)), 503, name=poll)

    assert names(later(polled)) == ["submit"]
    assert names(later(answer(press(filled()), 500, ms=200, duration=5000))) == ["submit"]
    assert names(later(answer(press(filled()), 404, initiatorType="img"))) == ["submit"]
    assert names(answer(later(press(filled()), 11_500), 500)) == ["submit"]
    assert names(later(answer(press(filled()), 200, method="GET"))) == ["submit"]


# Succeeded.


def test_a_form_that_is_taken_away_succeeded() -> None:
    assert names(later(press(filled()).remove("form"))) == ["succeeded"]


def test_a_form_that_is_hidden_succeeded() -> None:
    assert names(later(press(filled()).set("form", style={"display": "none"}))) == ["succeeded"]


def test_a_form_emptied_by_the_page_succeeded_except_a_password() -> None:
    secret = ("input", {"name": "secret", "type": "password"})
    both = press(type_in(filled(MAIL, secret, SEND), "secret"))
    emptied = both.source(5, id=both.ids["secret"], text="", isChecked=False)

    assert names(later(emptied)) == ["submit"]
    emptied.source(5, id=both.ids["mail"], text="", isChecked=False)
    chat = enter(filled(MAIL, SEND))
    assert names(later(chat.source(5, id=chat.ids["mail"], text="", isChecked=False))) == [
        "succeeded"
    ]


def test_words_of_success_are_one() -> None:
    page = press(filled()).insert("body", ("p", {"class": "alert-success"}, "Thank you"))

    assert names(later(page)) == ["succeeded"]


def test_a_form_that_is_drawn_anew_is_the_same() -> None:
    page = press(filled()).remove("form").insert("body", form())
    page.events[-1]["data"]["removes"] = page.events.pop(-2)["data"]["removes"]

    assert names(later(focus(page, "mail")))[0] == "invalid"


# Left.


def test_a_form_with_text_that_is_left_is_abandoned() -> None:
    page = type_in(filled(), "note")

    [step] = steps(later(page))

    assert (step.step, step.form, step.fields, step.at_ms) == (
        "abandoned",
        "form#pay",
        2,
        page.at_ms,
    )


def test_a_form_removed_without_an_attempt_is_abandoned() -> None:
    page = filled().wait(500).remove("form")
    left_ms = page.at_ms

    assert [(s.step, s.at_ms) for s in steps(later(page))] == [("abandoned", left_ms)]


def test_a_form_that_was_refused_and_then_left_is_abandoned() -> None:
    assert names(later(focus(press(filled()), "mail"))) == ["invalid", "abandoned"]


def test_sent_emptied_and_prefilled_forms_are_not_abandoned() -> None:
    filled_in = Page(form())
    filled_in.source(5, id=filled_in.ids["mail"], text="***", isChecked=False)

    assert names(press(filled())) == ["submit"]
    assert names(later(type_in(filled(), "mail", ""))) == []
    assert names(later(filled_in)) == []


@pytest.mark.parametrize(
    "shape",
    [
        form(("input", {"name": "mail", "type": "search"}), SEND),
        form(MAIL, SEND, role="search"),
        form(MAIL, SEND, **{"class": "filters"}),
        form(("input", {"name": "mail", "placeholder": "Search orders"}), SEND),
        form(MAIL, SEND, method="get"),
        ("div", {"role": "search"}, form(MAIL, SEND)),
        ("div", {}, MAIL, SEND),
    ],
)
def test_searches_and_filters_are_no_forms(shape: Any) -> None:
    page = focus(press(type_in(Page(shape), "mail")), "mail")

    assert names(later(page)) == []


def test_what_merely_sounds_like_a_search_is_a_form() -> None:
    page = type_in(Page(form(MAIL, SEND, id="research-grant")), "mail")

    assert names(later(page)) == ["abandoned"]


# Buttons.


@pytest.mark.parametrize(
    ("button", "is_submit"),
    [
        (("input", {"name": "send", "type": "submit"}), True),
        (("input", {"name": "send", "type": "image"}), True),
        (("button", {}, ("svg", {"name": "send"})), True),
        (("div", {"name": "send", "role": "button"}, "Send"), True),
        (("button", {"name": "send", "type": "button"}, "Send"), True),
        (("input", {"name": "send", "type": "button"}), True),
        (("button", {"name": "send", "type": "reset"}, "Clear"), False),
        (("button", {"name": "send", "disabled": ""}, "Send"), False),
        (("a", {"name": "send", "href": "#"}, "Help"), False),
    ],
)
def test_what_submits_a_form(button: Any, is_submit: bool) -> None:
    page = focus(press(filled(MAIL, button)), "mail")

    assert names(later(page)) == (["invalid", "abandoned"] if is_submit else ["abandoned"])


def test_another_button_sends_only_where_none_else_does() -> None:
    helper = ("button", {"name": "add", "type": "button"}, "Add a row")
    page = press(filled(MAIL, helper, SEND), "add")

    assert names(later(focus(page, "mail"))) == ["abandoned"]


# Requests.


def test_failed_and_slow_requests_are_reported_without_queries() -> None:
    page = answer(answer(answer(Page(form()), 200), 404, method="post"), 200, ms=3000)
    foreign = PageInference(PAGE)
    matches = [
        item
        for event in page.events
        for item in foreign.see(event["timestamp"], event["type"], json.dumps(event).encode())
        if isinstance(item, NetworkRequest)
    ]

    path = "shop.example/api/pay"
    assert matches == [
        NetworkRequest(PAGE, AT_MS + 400, "POST", path, 404, 200),
        NetworkRequest(PAGE, AT_MS + 3400, "GET", path, 200, 3000),
    ]


# Hostile.

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@LAW
@given(
    st.lists(
        st.tuples(
            st.sampled_from([3, 5, 6]),
            st.dictionaries(
                st.sampled_from(
                    ["source", "type", "id", "text", "plugin", "payload", "attributes", "adds"]
                ),
                junk
                | st.sampled_from(
                    [
                        0,
                        2,
                        5,
                        6,
                        7,
                        "rrweb/network@1",
                        {"requests": [{"name": "x", "initiatorType": "fetch", "status": 1e308}]},
                    ]
                ),
            ),
        ),
        max_size=12,
    )
)
def test_nothing_raises_whatever_comes(events: list[tuple[int, dict[str, Any]]]) -> None:
    page = press(filled())
    for kind, data in events:
        page._add(kind, data)

    names(later(page))


def test_a_page_without_end_fills_no_memory() -> None:
    page = Page(form())
    foreign = PageInference(PAGE)
    for n in range(300):
        page.insert("body", form(id=f"f{n}"))
        type_in(page, "mail")
    for event in page.events:
        foreign.see(event["timestamp"], event["type"], json.dumps(event).encode())

    [forms] = [d for d in foreign._detectors if isinstance(d, FormDetector)]
    assert len(forms._filled) == 100
