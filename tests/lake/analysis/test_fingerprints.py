"""Errors with equal and with different fingerprints."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.analysis.js_errors.fingerprints import fingerprint

READING = "TypeError: Cannot read properties of undefined (reading 'total')"
CHROMIUM = """TypeError: Cannot read properties of undefined (reading 'total')
    at Cart.pay (https://shop.example/assets/app.3f9a1c2e.js:10:15)
    at Array.map (<anonymous>)
    at HTMLButtonElement.onclick (https://shop.example/assets/app.3f9a1c2e.js:7:2)
    at async start (https://shop.example/assets/app.3f9a1c2e.js:1:2)"""
FIREFOX = """pay@https://shop.example/assets/app.3f9a1c2e.js:10:20
onclick@https://shop.example/assets/app.3f9a1c2e.js:7:9
async*start@https://shop.example/assets/app.3f9a1c2e.js:1:2
"""
SAFARI = """pay@https://shop.example/assets/app.3f9a1c2e.js:10:18
map@[native code]
onclick@https://shop.example/assets/app.3f9a1c2e.js:7:4"""


def stack(url: str = "https://shop.example/app.js", function: str = "pay") -> str:
    return f"Error: no\n    at {function} ({url}:1:2)"


def test_three_browsers_tell_of_one_error() -> None:
    names = {
        fingerprint(READING, CHROMIUM),
        fingerprint(f"Uncaught {READING}", CHROMIUM),
        fingerprint(f"Uncaught (in promise) {READING}", CHROMIUM),
        fingerprint(READING.removeprefix("TypeError: "), CHROMIUM),
        fingerprint('TypeError: can\'t access property "total", cart is undefined', FIREFOX),
        fingerprint("TypeError: undefined is not an object (evaluating 'cart.total')", SAFARI),
        fingerprint("TypeError: Cannot read property 'total' of undefined", CHROMIUM),
    }

    assert len(names) == 1
    assert len(names.pop()) == 16


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("Uncaught Error: no", "no"),
        ("Uncaught (in promise) Error: no", "Error: no"),
        ("Unhandled Promise Rejection: Error: no", "no"),
        ("uncaught exception: no", "Uncaught no"),
        ("item 1 of 20 is gone", "item 37 of 4,000 is gone"),
        ("took 1.5 s", "took 12 s"),
        ("at 2026-11-28T10:00:00Z", "at 2027-01-02T11:12:13.456Z"),
        (
            "order 0f8fad5b-d9cb-469f-a165-70867728950e",
            "order 7c9e6679-7425-40de-944b-e07fc1f90ae7",
        ),
        ("commit 3f9a1c2e", "commit 1b2c3d4f"),
        ("address 0xDEADBEEF", "address 0x0badcafe"),
        ("key order_8fK2jd91xQ", "key order_a1Bc2De3f4"),
        ("part V1StGXR8_Z5jdHi6B-myT", "part x9StGXR8_Z5jdHi6B-3yu"),
        ("card a1b2c3", "card d4e5f6"),
        ("token ***", "token 3f9a1c2e0b1d"),
        ("GET /api/cart?id=abc&n=2 failed", "GET /api/cart?id=def failed"),
        ("https://shop.example/a?x=1 failed", "https://shop.example/a?x=1&y=b#c failed"),
        ('property "x"', "property \u2018x\u2019"),
        (
            "TypeError: a.b is not a function",
            "TypeError: a.b is not a function. (In 'a.b()', 'a.b' is undefined)",
        ),
        ("ReferenceError: Can't find variable: shop", "ReferenceError: shop is not defined"),
        ("TypeError: Load failed", "TypeError: Failed to fetch"),
        (
            "TypeError: NetworkError when attempting to fetch resource.",
            "TypeError: Failed to fetch",
        ),
        ("InternalError: too much recursion", "RangeError: Maximum call stack size exceeded."),
    ],
)
def test_what_changes_from_one_to_the_next_does_not_count(first: str, other: str) -> None:
    assert fingerprint(first, stack()) == fingerprint(other, stack())


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("app.3f9a1c2e.js", "app.1b2c3d4f.js"),
        ("app.3f9a1c2e.js", "app.77777777.js"),
        ("index-BxK3j9.js", "index-a8Qw2Z.js"),
        ("index-DiwrgTda.js", "index-B_x9-Qa1.js"),
        ("chunk-2ABCDEF7.js", "chunk-QWERTYUI.js"),
        ("main.0a1b2c3d4e5f6a7b8c9d.chunk.js", "main.ffeeddccbbaa00112233.chunk.js"),
        ("framework-64ad27b21261a9ce.js", "framework-aaad27b21261a900.js"),
        ("app.js?v=12", "app.js?t=zz#top"),
        ("npm/vue@3.4.21/dist/vue.js", "npm/vue@3.5.0/dist/vue.js"),
        ("jquery-3.7.1.min.js", "jquery-3.6.0.min.js"),
        ("releases/20261128/app.js", "releases/20261129/app.js"),
    ],
)
def test_the_release_of_a_file_does_not_count(first: str, other: str) -> None:
    names = {
        fingerprint("no", stack(f"https://cdn{number}.example/{file}"))
        for number, file in enumerate([first, other])
    }

    assert len(names) == 1


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("app.js", "cart.js"),
        ("cart/app.js", "shop/app.js"),
        ("lib-checkout.js", "lib-payments.js"),
        ("lib-Checkout.js", "lib-Payments.js"),
    ],
)
def test_another_file_is_another_error(first: str, other: str) -> None:
    names = [fingerprint("no", stack(f"https://a.example/{file}")) for file in (first, other)]

    assert names[0] != names[1]


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("cart is empty", "cart is full"),
        ("TypeError: no", "RangeError: no"),
        ("base64ToBlob is not a function", "base64ToFile is not a function"),
        ("utf8mb4 is no charset", "utf8mb4x is no charset"),
        ("deadline is over", "defaced is over"),
        (
            "Cannot read properties of undefined (reading 'x')",
            "Cannot read properties of undefined (reading 'y')",
        ),
        (
            "Cannot read properties of undefined (reading 'x')",
            "Cannot read properties of null (reading 'x')",
        ),
        (
            "Cannot read properties of undefined (reading 'x')",
            "Cannot set properties of undefined (setting 'x')",
        ),
        (
            "undefined is not an object (evaluating 'a.x')",
            "undefined is not an object (evaluating 'a.y')",
        ),
        (
            "undefined is not an object (evaluating 'a.x')",
            "null is not an object (evaluating 'a.x')",
        ),
        ("a is undefined", "b is undefined"),
        ("https://a.example/x failed", "https://b.example/x failed"),
        ("what? no", "what? yes"),
        ("Load failed", "Failed to fetch"),
    ],
)
def test_another_message_is_another_error(first: str, other: str) -> None:
    assert fingerprint(first, stack()) != fingerprint(other, stack())


def test_another_function_at_the_top_is_another_error() -> None:
    assert fingerprint("no", stack(function="pay")) != fingerprint("no", stack(function="refund"))


def test_who_called_counts_and_who_called_them_all_does_not() -> None:
    def of(*functions: str) -> str:
        return fingerprint(
            "no", "\n".join(f"{function}@https://a.example/a.js:1:2" for function in functions)
        )

    assert of("a", "b", "c") != of("a", "b", "d")
    assert of("a", "b", "c", "d") == of("a", "b", "c", "e")


def test_frames_of_extensions_do_not_count() -> None:
    extended = stack().replace(
        "    at pay", "    at wrap (chrome-extension://abc/inject.js:1:2)\n    at pay"
    )

    assert extended != stack()
    assert fingerprint("no", extended) == fingerprint("no", stack())


def test_an_error_without_a_stack_goes_by_its_message() -> None:
    assert fingerprint("no", "") == fingerprint("no", "Error: no")
    assert fingerprint("no", "") != fingerprint("yes", "")


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_gets_a_name_and_always_the_same(message: str, text: str) -> None:
    assert len(fingerprint(message, text)) == 16
    assert fingerprint(message, text) == fingerprint(message, text)


@settings(deadline=None)
@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_lines_and_columns_do_not_count(line: int, column: int) -> None:
    moved = CHROMIUM.replace(":10:15", f":{line}:{column}")

    assert fingerprint(READING, moved) == fingerprint(READING, CHROMIUM)


HOSTILE = [
    *(
        "a",
        "(",
        ":1",
        "at ",
        "@",
        "\n",
        "at a (",
        "    at a (eval at ",
        "a.b",
        "0",
        "a1",
        "-",
        "A_",
    ),
    *("undefined is not an object (evaluating '", "undefined is not an object (evaluating '.a"),
    *("can't access property 'x', ", "can't access property 'x', a is ", "Cannot read property 'a"),
    *(" is not a function. (In '", "https://", "https:/", "?a=", "?a", " line 1 > ", " line 1"),
    *("wasm-function[1]:", "Error: ", "Uncaught ", "_a1B", "x@y:z", "1.", "1,1", "async*", "[as "),
    *("0f8fad5b-d9cb-469f-a165-", "A-b-1", "Maximum call stack size ", ".8chars-8", "\ud800", "%"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """Quadratic time would be 64 times as long for a text of eight times the length."""
    long = piece * (16_000 // len(piece))
    short_s, long_s = (min(_took_s(text) for _ in range(2)) for text in (long[:2_000], long))

    assert long_s < 32 * max(short_s, 0.002)


def _took_s(text: str) -> float:
    began_s = time.process_time()
    fingerprint(text, f"    at {text} ({text}:1:2)\n{text}@{text}:1:2\n{text}")
    return time.process_time() - began_s
