"""Frames of stacks as browsers write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.analysis.js_errors.stacks import FRAMES_MAX, StackFrame, in_app, parse

APP = "https://shop.example/assets/app.js"
CHROMIUM = f"""TypeError: Cannot read properties of undefined (reading 'total')
    at Cart.pay ({APP}:10:15)
    at new Cart ({APP}?v=3:8:1)
    at HTMLButtonElement.<anonymous> ({APP}:7:2)
    at Object.go [as onclick] ({APP}:6:2)
    at Array.map (<anonymous>)
    at {APP}:5:9
    at eval (eval at run ({APP}:4:3), <anonymous>:1:7)
    at eval (eval at a (eval at run ({APP}:4:3)), <anonymous>:2:2)
    at <anonymous>:1:1
    at async load ({APP}:3:3)
    at async Promise.all (index 0)
    at async {APP}:2:2
    at JSON.parse (native)"""
FIREFOX = f"""pay@{APP}:10:15
Cart@{APP}?v=3:8:1
open/<@{APP}:7:2
open/this.go<@{APP}:6:2
@{APP}:5:9
@{APP} line 4 > eval:1:7
run@{APP} line 4 > eval line 1 > Function:2:2
async*load@{APP}:3:3
setTimeout handler*@{APP}:2:2
"""
SAFARI = f"""pay@{APP}:10:15
Cart@{APP}?v=3:8:1
{APP}:7:2
map@[native code]
[native code]
eval code
eval@[native code]
async load@{APP}:3:3
global code@{APP}:2:2
module code@{APP}:1:1"""


def test_chromium() -> None:
    assert parse(CHROMIUM) == [
        StackFrame("Cart.pay", APP, 10, 15),
        StackFrame("new Cart", f"{APP}?v=3", 8, 1),
        StackFrame("HTMLButtonElement.<anonymous>", APP, 7, 2),
        StackFrame("Object.go [as onclick]", APP, 6, 2),
        StackFrame("Array.map", "", None, None),
        StackFrame("", APP, 5, 9),
        StackFrame("eval", APP, 4, 3),
        StackFrame("eval", APP, 4, 3),
        StackFrame("", "<anonymous>", 1, 1),
        StackFrame("load", APP, 3, 3, is_async=True),
        StackFrame("Promise.all", "", None, None, is_async=True),
        StackFrame("", APP, 2, 2, is_async=True),
        StackFrame("JSON.parse", "", None, None),
    ]


def test_firefox() -> None:
    assert parse(FIREFOX) == [
        StackFrame("pay", APP, 10, 15),
        StackFrame("Cart", f"{APP}?v=3", 8, 1),
        StackFrame("open/<", APP, 7, 2),
        StackFrame("open/this.go<", APP, 6, 2),
        StackFrame("", APP, 5, 9),
        StackFrame("", APP, 4, None),
        StackFrame("run", APP, 4, None),
        StackFrame("load", APP, 3, 3, is_async=True),
        StackFrame("", APP, 2, 2, is_async=True),
    ]


def test_safari() -> None:
    assert parse(SAFARI) == [
        StackFrame("pay", APP, 10, 15),
        StackFrame("Cart", f"{APP}?v=3", 8, 1),
        StackFrame("", APP, 7, 2),
        StackFrame("map", "", None, None),
        StackFrame("", "", None, None),
        StackFrame("eval", "", None, None),
        StackFrame("load", APP, 3, 3, is_async=True),
        StackFrame("global code", APP, 2, 2),
        StackFrame("module code", APP, 1, 1),
    ]


def test_rrwebs_console_plugin() -> None:
    stack = f"HTMLDocument.<anonymous> ({APP}:184:233)\nsome text\n{APP}:266:470"

    assert parse(stack) == [
        StackFrame("HTMLDocument.<anonymous>", APP, 184, 233),
        StackFrame("", APP, 266, 470),
    ]


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        (
            "    at run (webpack://shop/./src/cart.ts?a1b2:12:3)",
            StackFrame("run", "webpack://shop/./src/cart.ts?a1b2", 12, 3),
        ),
        (
            "    at eval (webpack-internal:///./src/cart.ts:12:3)",
            StackFrame("eval", "webpack-internal:///./src/cart.ts", 12, 3),
        ),
        (
            "    at run (file:///C:/shop/a (1).js:2:3)",
            StackFrame("run", "file:///C:/shop/a (1).js", 2, 3),
        ),
        ("    at http://[::1]:8080/:2:3", StackFrame("", "http://[::1]:8080/", 2, 3)),
        ("    at blob:https://a.example/0:1:2", StackFrame("", "blob:https://a.example/0", 1, 2)),
        (
            "    at add (wasm://wasm/0a1b2c3d:wasm-function[12]:0x1a2b)",
            StackFrame("add", "wasm://wasm/0a1b2c3d", None, None),
        ),
        (
            "@https://a.example/m.wasm:wasm-function[7]:0xff",
            StackFrame("wasm-function[7]", "https://a.example/m.wasm", None, None),
        ),
        ("<?>.wasm-function[7]@[wasm code]", StackFrame("<?>.wasm-function[7]", "", None, None)),
        (
            "use@https://cdn.example/npm/vue@3.4.1/vue.js:1:2",
            StackFrame("use", "https://cdn.example/npm/vue@3.4.1/vue.js", 1, 2),
        ),
        (
            "https://cdn.example/npm/vue@3.4.1/vue.js:1:2",
            StackFrame("", "https://cdn.example/npm/vue@3.4.1/vue.js", 1, 2),
        ),
        (
            "promise callback*run@https://a.example/a.js:1:2",
            StackFrame("run", "https://a.example/a.js", 1, 2, True),
        ),
    ],
)
def test_places_of_all_kinds(line: str, frame: StackFrame) -> None:
    assert parse(line) == [frame]


@pytest.mark.parametrize(
    "url",
    [
        "chrome-extension://abcdef/content.js",
        "moz-extension://0a1b/content.js",
        "safari-web-extension://0A1B/content.js",
        "webkit-masked-url://hidden/",
        "resource://gre/modules/a.js",
        "<anonymous>",
    ],
)
def test_code_that_is_not_the_pages_is_left_out(url: str) -> None:
    frames = parse(f"Error: x\n    at hook ({url}:1:2)\n    at pay ({APP}:1:2)")

    assert [frame.name for frame in frames] == ["hook", "pay"]
    assert [frame.name for frame in in_app(frames)] == ["pay"]


def test_async_frames_are_left_out_unless_they_come_first() -> None:
    assert [frame.line for frame in in_app(parse(CHROMIUM))] == [10, 8, 7, 6, 5, 4, 4]
    assert [frame.line for frame in in_app(parse(FIREFOX))] == [10, 8, 7, 6, 5, 4, 4]
    assert [frame.line for frame in in_app(parse(f"    at async load ({APP}:3:3)"))] == [3]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("Cart.pay", "pay"),
        ("Cart.prototype.pay", "pay"),
        ("new Cart", "Cart"),
        ("open/this.pay<", "pay"),
        ("Object.pay [as onclick]", "pay"),
        ("open/<", ""),
        ("HTMLButtonElement.<anonymous>", ""),
        ("global code", ""),
    ],
)
def test_a_function_has_one_name_in_every_browser(function: str, name: str) -> None:
    assert StackFrame(function, APP, 1, 1).name == name


def test_lines_of_a_message_are_no_frames() -> None:
    stack = f"Error: two lines\nwrite to ann@shop.example\nat once\n    at pay ({APP}:1:2)"

    assert parse(stack)[-1] == StackFrame("pay", APP, 1, 2)
    assert len(parse(stack)) == 1


def test_an_endless_stack_is_cut() -> None:
    assert len(parse(f"f@{APP}:1:1\n" * 10_000)) == FRAMES_MAX


PIECES = st.sampled_from(
    ["at ", "async ", "@", "*", "(", ")", "eval at ", ":", "1", "<anonymous>", " line 1 > ", " (",
     "https://a/b.js", "wasm-function[1]", "[native code]", "\n", " ", "/", "x", "'", "\ud800",
     "chrome-extension://", "new ", ".", "<", "[as "]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200))
def test_any_text_gives_frames_of_the_right_types(stack: str) -> None:
    for frame in parse(stack):
        assert isinstance(frame.function, str)
        assert isinstance(frame.name, str)
        assert frame.line is None or frame.line >= 0
        assert frame.column is None or frame.line is not None
