"""One upload: inflated with a cap, proved to be rrweb events, counted, and cut into its events.

The bytes are kept as received (see `lake.raw.segment_file`). What is read here is only what a list
row needs; a whole event is never built. Everything raises `BadInput` and nothing else, whatever
comes.
"""

import codecs
import re
from collections import deque
from typing import NamedTuple

import msgspec
from isal import isal_zlib

from lake.errors import ChunkMalformed, ChunkTooLarge, EncodingUnsupported
from lake.raw.chunk_facts import ChunkFacts, RecordedView
from lake.raw.redaction import URL_READ_MAX, read_length, scrub_text, scrub_url

META, FULL_SNAPSHOT, INCREMENTAL, CUSTOM, PLUGIN = 4, 2, 3, 5, 6
_MOUSE_INTERACTION = 2
_CLICK = 2
AT_MS_MAX = 8_640_000_000_000_000  # the last instant that a JavaScript Date can name
EVENTS_MAX = 100_000  # five hours of a busy page; a million tiny ones take a second and 150 MB
_FEW_BYTES = 1024 * 1024  # fewer bytes cannot hold too many events
_VIEWS_MAX = 256  # addresses kept of one chunk, and
_VIEWS_LENGTH_MAX = 16 * 1024  # their and the titles' length: readers hold small columns in memory
TITLE_LENGTH_MAX = 300  # a browser's tab shows a tenth of it
_SIZE_MAX = 100_000  # CSS px; a screen is smaller
USER_ID_LENGTH_MAX = 256
USERS_MAX = 256  # of one chunk; more are refused, as what is not kept could not be erased
# What a visitor does himself: moves, clicks, scrolls, input, touch, drags, selection.
ACTIONS = (1, 2, 3, 5, 6, 12, 14)
IDENTIFY = "replaylake.identify"
PAGE = "replaylake.page"
TRIGGER = "replaylake.trigger"
ERROR_TAGS = ("replaylake.error", "sr.error")
CONSOLE = "rrweb/console@1"
SAME_ERROR_MS = 1000  # a browser reports an uncaught error to the console too
SAME_ERROR_LENGTH_MAX = 1000  # compared of a console's line; the message stands at its beginning
_SAME_LENGTH_MAX = 200
_CONSOLE_BYTES_MAX = 64 * 1024  # a line that is longer tells of no uncaught error
_NAME_LENGTH_MAX = 64  # of tags, kinds and levels; a longer one is none that is known
_NUMBER_LENGTH_MAX = 40
_ACTION_BYTES_MAX = 512  # of the data of a click or another action; longer are only series of moves
_LETTER_BYTES_MAX = 12  # of a letter in JSON: two escapes
_BOM = b"\xef\xbb\xbf"
_TRIGGER_KIND = re.compile(r"[a-z_]{1,32}")  # a name, so that nothing personal passes for one
_SURROGATE = re.compile(rb"\\u[dD]")
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))
# An escaped backslash, and bytes that stand for it meanwhile: UTF-8 has no such bytes.
_BACKSLASH, _BACKSLASH_AWAY = rb"\\", b"\xff\xff"


_ABSENT = msgspec.Raw()


class _RawPayload(msgspec.Struct, gc=False):
    id: msgspec.Raw = _ABSENT
    message: msgspec.Raw = _ABSENT
    level: msgspec.Raw = _ABSENT
    payload: msgspec.Raw = _ABSENT
    url: msgspec.Raw = _ABSENT
    title: msgspec.Raw = _ABSENT
    width: msgspec.Raw = _ABSENT
    height: msgspec.Raw = _ABSENT
    kind: msgspec.Raw = _ABSENT


class _RawData(msgspec.Struct, gc=False):
    """The few fields of `data` that count, of every event type at once.

    None is decoded before somebody asks for it: what a page sends there may be anything, and takes
    thirty times its bytes as objects.
    """

    source: msgspec.Raw = _ABSENT
    type: msgspec.Raw = _ABSENT
    href: msgspec.Raw = _ABSENT
    width: msgspec.Raw = _ABSENT
    height: msgspec.Raw = _ABSENT
    tag: msgspec.Raw = _ABSENT
    plugin: msgspec.Raw = _ABSENT
    payload: msgspec.Raw = _ABSENT


class _RawEvent(msgspec.Struct, gc=False):
    type: int
    timestamp: float
    data: msgspec.Raw = msgspec.Raw()


class EventStamp(msgspec.Struct, gc=False):
    """What orders an event: its type and its time, ms of the browser's clock."""

    type: int
    timestamp: float


class ChunkEvent(NamedTuple):
    """One event, its JSON untouched and on one line. `at_ms` may have a fraction."""

    at_ms: float
    type: int
    json: bytes


_EVENTS = msgspec.json.Decoder(list[_RawEvent])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_STAMP = msgspec.json.Decoder(EventStamp)
_STAMPS = msgspec.json.Decoder(list[EventStamp])
_DATA = msgspec.json.Decoder(_RawData)
_NUMBER = msgspec.json.Decoder(int | float)
_TEXT = msgspec.json.Decoder(str)
_PARTS = msgspec.json.Decoder(list[object])
_PAYLOAD = msgspec.json.Decoder(_RawPayload)


def inflate(body: bytes, encoding: str, *, raw_bytes_max: int) -> bytes:
    """Return the chunk's JSON text. `encoding` is a Content-Encoding: 'gzip', 'identity' or ''.

    Memory stays within `raw_bytes_max` whatever `body` claims.

    Raises:
        EncodingUnsupported: Another encoding, or several.
        ChunkMalformed: Not one whole gzip member.
        ChunkTooLarge: More than `raw_bytes_max` once inflated.
    """
    if encoding in ("", "identity"):
        if len(body) > raw_bytes_max:
            raise ChunkTooLarge(raw_bytes_max, inflated=True)
        return body
    if encoding != "gzip":
        raise EncodingUnsupported(
            f"Content-Encoding is {encoding[:40]!r}: send gzip, or none (one encoding, not several)"
        )
    inflater = isal_zlib.decompressobj(31)
    try:
        raw = bytes(inflater.decompress(body, raw_bytes_max + 1))
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # the stub calls it a value
        raise ChunkMalformed(f"the body is not gzip: {error}") from error
    if len(raw) > raw_bytes_max:
        raise ChunkTooLarge(raw_bytes_max, inflated=True)
    if not inflater.eof:
        raise ChunkMalformed("the gzip body is cut short")
    if inflater.unused_data:
        raise ChunkMalformed("the body goes on after the gzip member's end: send one member")
    return raw


def repair_surrogates(raw: bytes) -> bytes:
    """Drop a byte order mark and replace lone surrogates (`\\ud800`) by U+FFFD.

    Browsers' JSON.stringify writes such escapes, strict parsers refuse them. Anything else stays.
    """
    raw = raw.removeprefix(_BOM)
    if (
        _SURROGATE.search(raw) and b"\xff" not in raw
    ):  # two searches by `in` take four times as long
        # A backslash that is left by the first step begins an escape. Nothing here calls Python for
        # each match: a chunk may hold a million.
        raw = raw.replace(_BACKSLASH, _BACKSLASH_AWAY)
        raw = _LONE.sub(rb"\\ufffd", raw).replace(_BACKSLASH_AWAY, _BACKSLASH)
    return raw


def read_chunk(raw: bytes, *, page_id: str, seq: int) -> ChunkFacts:
    """Prove that `raw` (JSON text, inflated) is an array of rrweb events, and count.

    Raises:
        ChunkMalformed: It is not; the message says where.
    """
    events = _decode(raw)
    if not events:
        raise ChunkMalformed("the chunk holds no events")
    clicks = snapshots = 0
    views = _ViewCollector()
    users: dict[str, None] = {}
    user_id = None
    acted_at_ms: float | None = None
    triggers: list[tuple[float, str]] = []
    errors = _ErrorCounter()
    for event in events:
        if not -AT_MS_MAX <= event.timestamp <= AT_MS_MAX:
            raise ChunkMalformed(
                f"timestamp {event.timestamp} is no time that a browser can tell, "
                f"limit is {AT_MS_MAX} ms: send ms since the Unix epoch"
            )
        kind = event.type
        if kind == FULL_SNAPSHOT:
            snapshots += 1
        elif kind == INCREMENTAL:
            # Only actions are of interest; all but long series of moves are short.
            if len(event.data) < _ACTION_BYTES_MAX:
                data = _data(event.data)
                source = _number(data.source)
                clicks += source == _MOUSE_INTERACTION and _number(data.type) == _CLICK
                if source in ACTIONS:
                    acted_at_ms = _later(acted_at_ms, event.timestamp)
        elif kind == META:
            data = _data(event.data)
            views.see(event.timestamp, data.href, data.width, data.height)
            acted_at_ms = _later(acted_at_ms, event.timestamp)
        elif kind in (CUSTOM, PLUGIN):
            data = _data(event.data)
            tag = _text(data.tag, _NAME_LENGTH_MAX)
            if tag == IDENTIFY:
                if (
                    found := valid_user_id(_text(_payload(data).id, USER_ID_LENGTH_MAX))
                ) is not None:
                    users[found] = None
                    user_id = found
            elif tag == PAGE:
                page = _payload(data)
                views.see(event.timestamp, page.url, page.width, page.height, page.title)
                acted_at_ms = _later(acted_at_ms, event.timestamp)
            elif tag == TRIGGER:
                kind_text = _text(_payload(data).kind, _NAME_LENGTH_MAX)
                if kind_text and _TRIGGER_KIND.fullmatch(kind_text):
                    triggers.append((event.timestamp, kind_text))
            else:
                errors.see(event.timestamp, tag, data)
    if len(users) > USERS_MAX:
        raise ChunkMalformed(
            f"the chunk identifies {len(users)} users, limit is {USERS_MAX}: split it"
        )
    stamps = [event.timestamp for event in events]
    return ChunkFacts(
        page_id=page_id,
        seq=seq,
        crc32=isal_zlib.crc32(raw),
        raw_bytes=len(raw),
        event_count=len(events),
        click_count=clicks,
        error_count=errors.count,
        snapshot_count=snapshots,
        first_at_ms=int(min(stamps)),
        last_at_ms=int(max(stamps)),
        views=tuple(views.kept),
        user_id=user_id,
        trigger=min(triggers, key=lambda found: found[0])[1] if triggers else None,
        user_ids=tuple(users),
        acted_at_ms=None if acted_at_ms is None else int(acted_at_ms),
    )


def split_events(raw: bytes) -> list[ChunkEvent]:
    """Cut a chunk that `read_chunk` accepted into its events, in its own order."""
    text = repair_surrogates(raw)
    lines = [bytes(item) for item in _RAWS.decode(text)]
    if b"\n" in text or b"\r" in text:  # NDJSON: one line each
        lines = [msgspec.json.format(line, indent=-1) for line in lines]
    return [
        ChunkEvent(stamp.timestamp, stamp.type, line)
        for stamp, line in zip(_STAMPS.decode(text), lines, strict=True)
    ]


def decode_stamp(json: bytes) -> EventStamp:
    """Return the type and time of one event of a chunk that `read_chunk` accepted."""
    return _STAMP.decode(json)


def _decode(raw: bytes) -> list[_RawEvent]:
    text = raw.removeprefix(_BOM)
    _check_count(text)
    _check_utf8(text)
    try:
        return _events(text)
    except ChunkMalformed:
        # msgspec refuses every lone surrogate. They are rare, and looking for them in every chunk
        # would take longer than decoding it.
        mended = repair_surrogates(raw)
        if mended == text:
            raise
    return _events(mended)


def _check_count(text: bytes) -> None:
    """Refuse too many events before they are built."""
    # Each event has a key `timestamp`, written plainly or with an escape in it.
    if len(text) > _FEW_BYTES and text.count(b'"timestamp"') + text.count(b"\\u00") > EVENTS_MAX:
        raise ChunkMalformed(f"the chunk holds more than {EVENTS_MAX} events: split it")


def _check_utf8(text: bytes) -> None:
    if text.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    # By parts, because a text with one emoji takes four times its bytes as a whole.
    for start in range(0, len(text), _FEW_BYTES):
        end = start + _FEW_BYTES
        try:
            decoder.decode(text[start:end], final=end >= len(text))
        except UnicodeDecodeError as error:
            raise ChunkMalformed(
                f"the chunk is not UTF-8 near byte {start + error.start}"
            ) from error


def _events(text: bytes) -> list[_RawEvent]:
    try:
        return _EVENTS.decode(text)
    except RecursionError as error:
        raise ChunkMalformed("the chunk is nested more than 1,000 deep") from error
    except msgspec.ValidationError as error:
        raise ChunkMalformed(
            f"not an array of rrweb events: {error} (each needs a number `type` and `timestamp`)"
        ) from error
    except msgspec.DecodeError as error:
        raise ChunkMalformed(f"not JSON: {error}") from error


def _data(raw: msgspec.Raw) -> _RawData:
    """Decode `data` where it is an object; any other value counts as nothing."""
    try:
        return _DATA.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _RawData()


class _ViewCollector:
    """Keeps the first addresses, within limits."""

    def __init__(self) -> None:
        self.kept: list[RecordedView] = []
        self._length = 0

    def see(
        self,
        at_ms: float,
        url: msgspec.Raw,
        width: msgspec.Raw,
        height: msgspec.Raw,
        title: msgspec.Raw = _ABSENT,
    ) -> None:
        if len(self.kept) >= _VIEWS_MAX or (address := _text(url, URL_READ_MAX + 1)) is None:
            return
        name = scrub_text(_text(title, read_length(TITLE_LENGTH_MAX)) or "", TITLE_LENGTH_MAX)
        view = RecordedView(int(at_ms), scrub_url(address), _size(width), _size(height), name)
        length = len(view.url) + len(view.title)
        if self._length + length <= _VIEWS_LENGTH_MAX:
            self.kept.append(view)
            self._length += length


def _size(raw: msgspec.Raw) -> int:
    """Return CSS px as an int, 0 where the browser told nonsense."""
    value = _number(raw)
    return int(value) if value is not None and 0 <= value <= _SIZE_MAX else 0


def _payload(data: _RawData) -> _RawPayload:
    try:
        return _PAYLOAD.decode(data.payload)
    except (msgspec.DecodeError, RecursionError):
        return _RawPayload()


def _number(raw: msgspec.Raw) -> float | None:
    """Return a JSON number, None of any other value."""
    try:
        return _NUMBER.decode(raw) if 0 < len(raw) <= _NUMBER_LENGTH_MAX else None
    except msgspec.DecodeError:
        return None


def _text(raw: msgspec.Raw, length_max: int) -> str | None:
    """Return a JSON string, cut; None of any other value. What is cut off is not decoded."""
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


def valid_user_id(told: object) -> str | None:
    """Return the id by which a user is known, of what a page or a request gave as one."""
    return told[:USER_ID_LENGTH_MAX] if isinstance(told, str) and told else None


def _later(before_ms: float | None, at_ms: float) -> float:
    return at_ms if before_ms is None else max(before_ms, at_ms)


class _ErrorCounter:
    """Counts errors, and one error that both the page and its console report once."""

    def __init__(self) -> None:
        self.count = 0
        self._recent = RecentErrors()

    def see(self, at_ms: float, tag: str | None, data: _RawData) -> None:
        if tag in ERROR_TAGS:
            self.count += 1
            self._recent.add(at_ms, _text(_payload(data).message, SAME_ERROR_LENGTH_MAX) or "")
        elif _text(data.plugin, _NAME_LENGTH_MAX) == CONSOLE:
            payload = _payload(data)
            if _text(payload.level, _NAME_LENGTH_MAX) == "error":
                self.count += not self._recent.has(at_ms, _console_text(payload.payload))


def _console_text(raw: msgspec.Raw) -> str:
    try:
        parts = _PARTS.decode(raw) if 0 < len(raw) <= _CONSOLE_BYTES_MAX else []
    except (msgspec.DecodeError, RecursionError):
        parts = []
    return " ".join(part for part in parts if isinstance(part, str))


class RecentErrors:
    """The last errors that a page told, which its console tells once more."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, str]] = deque(maxlen=8)

    def add(self, at_ms: float, message: str) -> None:
        """Remember what the page told."""
        if message:
            self._recent.append((at_ms, message.removeprefix("Uncaught ")[:_SAME_LENGTH_MAX]))

    def has(self, at_ms: float, text: str) -> bool:
        """Whether a line of the console tells of one of them."""
        text = text[:SAME_ERROR_LENGTH_MAX]
        return "Uncaught" in text and any(
            abs(at_ms - at) <= SAME_ERROR_MS and message in text for at, message in self._recent
        )
