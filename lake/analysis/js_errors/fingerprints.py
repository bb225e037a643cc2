"""Fingerprints of errors: message and top frames without their variable parts.

Variable parts are numbers, ids, hashes, query strings, hosts, versions and hashes in file names,
lines and columns, each browser's form of a stack, and the messages that browsers word differently.
Frames of browser extensions do not count. Pure.
"""

import hashlib
import re
from itertools import pairwise

from lake.analysis.js_errors.stacks import StackFrame, in_app, parse

_FRAMES = 3  # the function that threw and its callers; outer frames vary
_HEAD_LENGTH_MAX = 100  # of the name of an error
_PREFIX = re.compile(
    r"(?:Uncaught (?:\(in promise\) )?|uncaught exception: |Unhandled Promise Rejection: |Error: )"
    r"(?=\S)"
)
_NAMED = re.compile(r"[A-Za-z_$][\w$.]*: ")

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_LONG = re.compile(r"[\w\-]{16,}")
_WORD = re.compile(r"[A-Za-z0-9]{6,}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CHANGING = re.compile(rf"{_UUID}|\b0[xX][0-9a-fA-F]+|\*\*\*")
_QUERY = re.compile(r"\?[\w.%\-\[\]]{1,100}=[^\s\"'<>()]*")
_URL = re.compile(r"\b[a-z][a-z0-9+.\-]{1,20}://[^\s\"'<>()]*", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]+")
_HEX_LENGTH_MIN = 7  # a short commit hash
# Between letters and digits: `3f9a1c2e` and `a1b2c3`, not `base64ToBlob` or `utf8mb4`.
_SWITCHES_MIN = 3
_SWITCHES_MIN_SHORT = 5
_SHORT = 8
_KEY_DIGITS_MIN = 3  # of long text in both cases; names of functions have fewer
# Bundlers put eight letters of base 64 or 32 before the ending.
_BUNDLED = re.compile(r"(?<=[\-._])[\w\-]{8}(?=\.(?:min\.)?[a-z]{1,4}$)")
_SHORT_HASH = re.compile(
    r"(?<=[\-._])(?=[A-Za-z]*\d)(?=[a-z\d]*[A-Z])(?=[A-Z\d]*[a-z])\w{5,7}(?=\.)"
)

# Messages of Firefox and Safari, and Chromium's wording of the same error.
_WORDINGS = (
    (
        re.compile(r"can't access property '([^']+)', [^'\n]{1,200} is (undefined|null)$"),
        r"Cannot read properties of \2 (reading '\1')",
    ),
    (
        re.compile(r"(undefined|null) is not an object \(evaluating '[^'=(]*\.([\w$]+)'\)$"),
        r"Cannot read properties of \1 (reading '\2')",
    ),
    (
        re.compile(r"Cannot read property '([^']+)' of (undefined|null)$"),  # until 2021
        r"Cannot read properties of \2 (reading '\1')",
    ),
    (re.compile(r" is not a function\. \(In '.*", re.DOTALL), " is not a function"),
    (re.compile(r"Can't find variable: ([\w$]+)$"), r"\1 is not defined"),
    (
        re.compile(r"TypeError: (?:NetworkError when attempting to fetch resource\.|Load failed)$"),
        "TypeError: Failed to fetch",
    ),
    (
        re.compile(r"InternalError: too much recursion$|RangeError: Maximum call stack size .*"),
        "RangeError: Maximum call stack size exceeded",
    ),
)
_QUOTES = str.maketrans(
    {'"': "'", "`": "'", "\u2018": "'", "\u2019": "'", "\u201c": "'", "\u201d": "'"}
)


def fingerprint(message: str, stack: str) -> str:
    """Return 16 hex digits, equal for the same error in another visit, browser or release."""
    frames = in_app(parse(stack))[:_FRAMES]
    text = "\n".join([_message(message, stack), *map(_frame, frames)])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def _message(message: str, stack: str) -> str:
    at = 0
    while match := _PREFIX.match(message, at):
        at = match.end()
    message = message[at:]
    # Chromium's stacks begin with the error's name and message.
    at = stack.find(message, 0, _HEAD_LENGTH_MAX + len(message)) if message else -1
    if at > 0 and _NAMED.fullmatch(stack, 0, at) and not stack.startswith("Error: "):
        message = stack[:at] + message
    message = message.translate(_QUOTES)
    for pattern, chromium in _WORDINGS:
        message = pattern.sub(chromium, message)
    message = _URL.sub(lambda match: f"{_host(match[0])}/{_path(match[0])}", message)
    return _without_variable_parts(_QUERY.sub("", message)).strip()


def _frame(frame: StackFrame) -> str:
    return f"{_without_variable_parts(frame.name)}@{_path(frame.url)}"


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0].lower()


def _path(url: str) -> str:
    """Return a file's path, equal on every host and in every release."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        scheme, colon, rest = url.partition(":")
        rest = f"/{rest}"
    if scheme == "blob":
        return "blob"  # its name is random
    path = rest.partition("/")[2].partition("?")[0].partition("#")[0]
    return "/".join(_without_variable_parts(_unhashed(step)) for step in path.split("/"))


def _unhashed(step: str) -> str:
    step = _BUNDLED.sub(lambda match: "#" if _is_random(match[0]) else match[0], step)
    return _SHORT_HASH.sub("#", step)


def _is_random(text: str) -> bool:
    """Whether eight letters are a hash: a digit, or a capital that begins no word of a name."""
    return any(c.isdigit() for c in text) or not (text.islower() or text[1:].islower())


def _without_variable_parts(text: str) -> str:
    """Replace the parts that differ between errors of one kind."""
    text = _CHANGING.sub("#", text)
    text = _LONG.sub(lambda match: "#" if _is_key(match[0]) else match[0], text)
    text = _WORD.sub(lambda match: "#" if _is_id(match[0]) else match[0], text)
    return _NUMBER.sub("#", text)


def _is_id(word: str) -> bool:
    is_digit = [char.isdigit() for char in word]
    if not any(is_digit) or all(is_digit):
        return False
    if len(word) >= _HEX_LENGTH_MIN and _HEX.fullmatch(word):
        return True
    switches = sum(left != right for left, right in pairwise(is_digit))
    return switches >= (_SWITCHES_MIN if len(word) >= _SHORT else _SWITCHES_MIN_SHORT)


def _is_key(word: str) -> bool:
    has_both = any(char.islower() for char in word) and any(char.isupper() for char in word)
    return has_both and sum(char.isdigit() for char in word) >= _KEY_DIGITS_MIN
