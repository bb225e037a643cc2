"""rrweb's event types, the recorder's own tags, and the fields of an event that the lake reads.

A whole event is never built here: `data` stays raw JSON, and of it only the fields below are
decoded, each when it is needed. A page may send anything there, and as Python objects it takes
thirty times its bytes. A value of another type than the expected one counts as absent.
"""

from typing import Any

import msgspec

META, FULL_SNAPSHOT, INCREMENTAL, CUSTOM, PLUGIN = 4, 2, 3, 5, 6
MOUSE_INTERACTION = 2  # a source of incremental events
CLICK = 2  # a type of mouse interaction
# Sources that the visitor causes: moves, clicks, scrolls, input, touch, drags, selection.
ACTIONS = (1, 2, 3, 5, 6, 12, 14)
IDENTIFY = "replaylake.identify"
PAGE = "replaylake.page"
TRIGGER = "replaylake.trigger"
ERROR_TAGS = ("replaylake.error", "sr.error")
CONSOLE = "rrweb/console@1"
AT_MS_MAX = 8_640_000_000_000_000  # the last instant that a JavaScript Date can represent
USER_ID_LENGTH_MAX = 256
NAME_LENGTH_MAX = 64  # of tags, kinds and levels; every known one is shorter
_NUMBER_LENGTH_MAX = 40
_LETTER_BYTES_MAX = 12  # of a letter in JSON: two escapes

ABSENT = msgspec.Raw()


class RawPayload(msgspec.Struct, gc=False):
    """The fields of `data.payload` that the lake reads, of every tag and plugin together."""

    id: msgspec.Raw = ABSENT
    message: msgspec.Raw = ABSENT
    level: msgspec.Raw = ABSENT
    payload: msgspec.Raw = ABSENT
    url: msgspec.Raw = ABSENT
    title: msgspec.Raw = ABSENT
    width: msgspec.Raw = ABSENT
    height: msgspec.Raw = ABSENT
    kind: msgspec.Raw = ABSENT


class RawData(msgspec.Struct, gc=False):
    """The fields of `data` that the lake reads, of every event type together."""

    source: msgspec.Raw = ABSENT
    type: msgspec.Raw = ABSENT
    href: msgspec.Raw = ABSENT
    width: msgspec.Raw = ABSENT
    height: msgspec.Raw = ABSENT
    tag: msgspec.Raw = ABSENT
    plugin: msgspec.Raw = ABSENT
    payload: msgspec.Raw = ABSENT


class RawEvent(msgspec.Struct, gc=False):
    """One event; `timestamp` is ms of the browser's clock and may have a fraction."""

    type: int
    timestamp: float
    data: msgspec.Raw = ABSENT


_DATA = msgspec.json.Decoder(RawData)
_PAYLOAD = msgspec.json.Decoder(RawPayload)
_NUMBER = msgspec.json.Decoder(int | float)
_TEXT = msgspec.json.Decoder(str)
_ARRAY = msgspec.json.Decoder(list[Any])


def decode_data(raw: msgspec.Raw) -> RawData:
    """Decode an event's `data`; a value that is no object has no fields."""
    try:
        return _DATA.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return RawData()


def decode_payload(data: RawData) -> RawPayload:
    """Decode `data.payload`; a value that is no object has no fields."""
    try:
        return _PAYLOAD.decode(data.payload)
    except (msgspec.DecodeError, RecursionError):
        return RawPayload()


def decode_number(raw: msgspec.Raw) -> float | None:
    """Decode a JSON number; None for any other value."""
    try:
        return _NUMBER.decode(raw) if 0 < len(raw) <= _NUMBER_LENGTH_MAX else None
    except msgspec.DecodeError:
        return None


def decode_text(raw: msgspec.Raw, length_max: int) -> str | None:
    """Decode the first `length_max` letters of a JSON string; None for any other value.

    The rest of a longer string is not decoded.
    """
    body = bytes(memoryview(raw)[: _LETTER_BYTES_MAX * length_max])
    if not body.startswith(b'"'):
        return None
    if len(body) == len(raw):
        return _TEXT.decode(body)[:length_max]
    for end in range(len(body), len(body) - _LETTER_BYTES_MAX, -1):
        try:  # the cut may go through a letter
            return _TEXT.decode(body[:end] + b'"')[:length_max]
        except msgspec.DecodeError:
            continue
    return None


def decode_array(raw: msgspec.Raw, bytes_max: int) -> list[Any]:
    """Decode a JSON array of at most `bytes_max` bytes; empty for any other value."""
    try:
        return _ARRAY.decode(raw) if 0 < len(raw) <= bytes_max else []
    except (msgspec.DecodeError, RecursionError):
        return []


def valid_user_id(value: object) -> str | None:
    """Return the user id that a page or a request gave, cut; None if it is no text or empty."""
    return value[:USER_ID_LENGTH_MAX] if isinstance(value, str) and value else None
