"""Parser of JavaScript stacks of Chromium, Firefox and Safari. Pure; accepts any text.

Four notations of a frame are known: Chromium's (`at pay (https://…/cart.js:1:2)`), Firefox's and
Safari's (`pay@https://…/cart.js:1:2`), and that of rrweb's console plugin, which is Chromium's
without `at`. A stack uses one of them; other lines between are parts of a message.

Every line is read once, and every expression is linear in its length.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

FRAMES_MAX = 100  # browsers keep 10 to 128
_LINES_MAX = 400
_AT = re.compile(r"[ \t]*at ")
_PLACE = re.compile(r"(.*?):(\d{1,9})(?::(\d{1,9}))?$")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,40}:\S")
_SAFARI_GLOBAL = ("[native code]", "[wasm code]")
_FIREFOX_EVAL = re.compile(r"(.*?) line (\d{1,9}) > ")
_WASM = re.compile(r"(.*?):(wasm-function\[\d{1,9}\])(?::0x[0-9a-fA-F]{1,16})?$")
_EXTENSIONS = (
    "chrome-extension:",
    "moz-extension:",
    "safari-extension:",
    "safari-web-extension:",
    "ms-browser-extension:",
    "webkit-masked-url:",  # Safari's mask for an extension's file
)
# The browser's own scripts, and code without a file.
_BROWSER_CODE = (
    "chrome:",
    "resource:",
    "about:",
    "node:",
    "self-hosted",
    "debugger eval",
    "<",
    "[",
)
_NAMELESS = (
    *("", "<anonymous>", "anonymous", "Anonymous function", "<computed>", "?", "eval"),
    *("global code", "module code", "eval code", "function", "Global code", "Eval code"),
)


class StackFrame(NamedTuple):
    """One call. `function` is as the browser wrote it, `url` of the file; both may be empty.

    `line` and `column` count from 1. For evaluated code they are the position of the `eval` call,
    without a column where the browser gives none; WebAssembly has neither.
    `is_async`: this call awaited or scheduled the one before it.
    """

    function: str
    url: str
    line: int | None
    column: int | None
    is_async: bool = False

    @property
    def is_in_app(self) -> bool:
        """Whether the frame is the page's own code: no browser's, extension's or anonymous one."""
        return bool(self.url) and not self.url.startswith((*_EXTENSIONS, *_BROWSER_CODE))

    @property
    def name(self) -> str:
        """The function's last name, equal in every browser; empty without one.

        `Cart.pay`, `new Cart`, `Cart.prototype.pay`, `open/this.pay<` and `e.pay [as onclick]`.
        """
        function = _without_alias(self.function).removeprefix("async ").removeprefix("new ")
        if function in _NAMELESS:
            return ""
        # Firefox names a function within another `outer/inner`, and one without a name `outer/<`.
        last = function.rpartition("/")[2].rstrip("<").rpartition(".")[2]
        return "" if last in _NAMELESS else last


def parse(stack: str) -> list[StackFrame]:
    """Return the calls, innermost first, without lines that are no frames."""
    lines = [line.rstrip() for line in stack.split("\n", _LINES_MAX)[:_LINES_MAX]]
    if any(_AT.match(line) for line in lines):
        frames = (_chromium(line) for line in lines if _AT.match(line))
    elif any(_is_at_sign(line) for line in lines):
        frames = (_at_sign(line) for line in lines)
    else:
        frames = (_plain(line) for line in lines)
    return [frame for frame in frames if frame is not None][:FRAMES_MAX]


def in_app(frames: Iterable[StackFrame]) -> list[StackFrame]:
    """Return the frames of the page's own code, up to the first asynchronous boundary.

    Browsers differ in the frames beyond it.
    """
    own: list[StackFrame] = []
    for frame in frames:
        if frame.is_async and own:
            break
        if frame.is_in_app:
            own.append(frame)
    return own


def _without_alias(function: str) -> str:
    """Drop the ` [as f]` at the end, if there is one."""
    if not function.endswith("]"):
        return function
    at = function.find(" [as ", function.rfind("]", 0, -1) + 1)
    return function[:at] if at >= 0 else function


def _chromium(line: str) -> StackFrame | None:
    text = line.strip()[len("at ") :].strip()
    is_async = text.startswith("async ")
    text = text.removeprefix("async ")
    function, place = _split(text)
    if place.startswith("eval at "):
        return _frame_at(function or "eval", _evaluated_in(place), is_async)
    return _frame_at(function, place, is_async)


def _plain(line: str) -> StackFrame | None:
    """Parse a frame without `at`; anything else may be a line of a message."""
    function, place = _split(line.strip())
    if not _SCHEME.match(place) or not _PLACE.match(place):
        return None
    return _frame_at(function, place, False)


def _split(text: str) -> tuple[str, str]:
    """Split `function (place)`; without parentheses all of it is the place."""
    if not text.endswith(")"):
        return "", text
    # A place may hold parentheses, a name hardly ` (`.
    function, _, place = text.partition(" (")
    return (function, place[:-1]) if place else ("", text)


def _evaluated_in(place: str) -> str:
    """Return where the page's file called `eval`: `eval at f (eval at g (FILE:1:2)), <…>:3:4`."""
    return place.rpartition("(")[2].partition(")")[0] if "(" in place else ""


def _is_at_sign(line: str) -> bool:
    _, at, place = line.partition("@")
    return bool(at) and (bool(_SCHEME.match(place)) or place in _SAFARI_GLOBAL)


def _at_sign(line: str) -> StackFrame | None:
    """Firefox's and Safari's; Safari writes `[native code]` or a mere URL as well."""
    text = line.strip()
    function, at, place = text.partition("@")
    if not at or _SCHEME.match(text):
        return StackFrame("", "", None, None) if text in _SAFARI_GLOBAL else _plain(line)
    # `setTimeout handler*f`, `async*f`, `promise callback*f`: f led to those above, later.
    before, star, rest = function.rpartition("*")
    if star:
        function = rest
    is_async = bool(star and before) or function.startswith("async ")
    function = function.removeprefix("async ")
    if match := _FIREFOX_EVAL.match(place):
        return StackFrame(function, match[1], int(match[2]), None, is_async)
    return _frame_at(function, place, is_async)


def _frame_at(function: str, place: str, is_async: bool) -> StackFrame | None:
    if match := _WASM.match(place):
        return StackFrame(function or match[2], match[1], None, None, is_async)
    if match := _PLACE.match(place):
        column = int(match[3]) if match[3] else None
        return StackFrame(function, match[1], int(match[2]), column, is_async)
    if _SCHEME.match(place):
        return StackFrame(function, place, None, None, is_async)
    # `native`, `<anonymous>`, `[native code]`, `index 0`; without a name, any word of a message.
    is_known = place.startswith(("<", "[native", "[wasm")) or place in ("native", "")
    return StackFrame(function, "", None, None, is_async) if function or is_known else None
