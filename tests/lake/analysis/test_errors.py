"""Errors among a session's events, and the fields of each."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake.analysis.js_errors.rule import ERRORS_MAX, JsError, JsErrors
from lake.raw import chunk_codec
from tests.support.lakes import page_id

CUSTOM, PLUGIN = 5, 6
PLACE = {"file": "https://shop.example/app.js?v=3", "line": 10, "column": 15}


def event(tag: str = "replaylake.error", at_ms: float = 1, /, **payload: object) -> dict[str, Any]:
    return {"type": CUSTOM, "timestamp": at_ms, "data": {"tag": tag, "payload": payload}}


def logged(*texts: str, at_ms: float = 1, trace: Any = (), level: str = "error") -> dict[str, Any]:
    payload = {"level": level, "payload": [json.dumps(text) for text in texts], "trace": trace}
    data = {"plugin": "rrweb/console@1", "payload": payload}
    return {"type": PLUGIN, "timestamp": at_ms, "data": data}


def see(rule: JsErrors, value: dict[str, Any], chunk: int = 0) -> JsError | None:
    return rule.see(value["timestamp"], chunk, value["type"], json.dumps(value).encode())


def only(value: dict[str, Any]) -> JsError:
    rule = JsErrors()
    error = see(rule, value)
    assert error is not None
    assert rule.errors == [error]
    return error


def test_an_error_is_returned_and_kept() -> None:
    error = only(event(message="no", stack="Error: no\n    at pay (x:1:2)", source="rejection"))

    assert error[:5] == (1, 0, "no", "Error: no\n    at pay (x:1:2)", "rejection")
    assert len(error.fingerprint) == 16


@pytest.mark.parametrize(
    "value",
    [
        event("replaylake.click", message="no"),
        logged("no", level="warn"),
        {"type": CUSTOM, "timestamp": 1, "data": 7},
        {"type": 3, "timestamp": 1, "data": {"tag": "replaylake.error"}},
    ],
)
def test_all_else_is_none(value: dict[str, Any]) -> None:
    rule = JsErrors()

    assert see(rule, value) is None
    assert rule.errors == []


def test_a_place_stands_for_a_stack_and_tells_errors_apart() -> None:
    error = only(event(message="no", stack="", **PLACE))

    assert error.stack == "    at https://shop.example/app.js?v=3:10:15"
    other = PLACE | {"file": "https://shop.example/cart.js"}
    assert only(event(message="no", **other)).fingerprint != error.fingerprint
    assert only(event(message="no", **PLACE | {"line": 11})).fingerprint == error.fingerprint
    assert only(event(message="no", **PLACE | {"column": None})).stack == (
        "    at https://shop.example/app.js?v=3:10"
    )


def test_a_stack_goes_before_a_place() -> None:
    assert only(event(message="no", stack="at a (b:1:1)", **PLACE)).stack == "at a (b:1:1)"


@pytest.mark.parametrize(
    "change",
    [{"file": ""}, {"file": 7}, *({"line": item} for item in (0, True, "1", 10**30, 1.5, None))],
)
def test_a_place_that_is_none_is_left_out(change: dict[str, Any]) -> None:
    assert only(event(message="no", **PLACE | change)).stack is None


def test_what_is_kept_is_scrubbed() -> None:
    error = only(
        event(
            message="ann@shop.example is unknown",
            **PLACE | {"file": "https://shop.example/a.js?token=abcdef"},
        )
    )

    assert error.message == "*** is unknown"
    assert error.stack == "    at https://shop.example/a.js?token=***:10:15"


def test_one_error_of_the_page_and_of_its_console_is_one() -> None:
    rule = JsErrors()
    see(rule, event(message="Uncaught Error: no"))

    assert see(rule, logged("Uncaught Error: no", at_ms=900)) is None
    assert see(rule, logged("Uncaught Error: no", at_ms=2000)) is not None
    assert see(rule, logged("Uncaught Error: no", at_ms=900), chunk=1) is not None


def test_the_console_and_the_page_have_one_fingerprint() -> None:
    """rrweb's console plugin writes frames in its own way."""
    stack = "TypeError: no\n    at HTMLDocument.<anonymous> (http://shop.test/a.html:184:233)"
    trace = ["HTMLDocument.<anonymous> (http://shop.test/a.html:184:233)"]

    page, console = (
        only(event("sr.error", message="Uncaught TypeError: no", stack=stack)),
        only(logged("Uncaught TypeError: no", trace=trace)),
    )

    assert page.fingerprint == console.fingerprint
    assert (page.source, console.source) == ("page", "console")


def test_errors_beyond_the_limit_are_not_kept() -> None:
    rule = JsErrors()
    for number in range(ERRORS_MAX):
        assert see(rule, event(message=f"{number}")) is not None

    assert see(rule, event(message="one more")) is None
    assert len(rule.errors) == ERRORS_MAX


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = ("message", "stack", "source", "file", "line", "column")
PAYLOADS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)) | st.fixed_dictionaries(
    {"level": st.just("error")}, optional={"payload": JSON, "trace": JSON}
)
DATA = st.fixed_dictionaries({}, optional={
    "tag": st.sampled_from(["replaylake.error", "sr.error"]) | JSON,
    "plugin": st.just("rrweb/console@1"), "payload": PAYLOADS | JSON,
})  # fmt: skip


@hypothesis_settings(deadline=None)
@given(st.lists(DATA | JSON, min_size=1, max_size=4))
def test_as_many_are_kept_as_are_counted_at_ingest(stored_data: list[Any]) -> None:
    rule = JsErrors()
    events = [{"type": CUSTOM, "timestamp": 1, "data": data} for data in stored_data]
    retained = [see(rule, custom_event) for custom_event in events]

    counted = chunk_codec.read_chunk(json.dumps(events).encode(), page_id=page_id(), seq=0)

    assert sum(error is not None for error in retained) == counted.error_count == len(rule.errors)
