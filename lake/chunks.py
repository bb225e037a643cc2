"""One upload: inflated with a cap, proved to be rrweb events, counted, and cut into its events.

The bytes are kept as received (see `lake.segments`). What is read here is only what a list row
needs; a whole event is never built. Everything raises `BadInput` and nothing else, whatever comes.
"""

import codecs
import re
from typing import NamedTuple

import msgspec
from isal import isal_zlib

from lake.errors import ChunkMalformed, ChunkTooLarge, EncodingUnsupported
from lake.facts import ChunkFacts, View
from lake.scrub import scrub_text, scrub_url

META, FULL_SNAPSHOT, INCREMENTAL, CUSTOM, PLUGIN = 4, 2, 3, 5, 6
_MOUSE_INTERACTION = 2
_CLICK = 2
_AT_MS_MAX = 8_640_000_000_000_000  # the last instant that a JavaScript Date can name
EVENTS_MAX = 100_000  # five hours of a busy page; a million tiny ones take a second and 150 MB
_FEW_BYTES = 1024 * 1024  # fewer bytes cannot hold too many events
_VIEWS_MAX = 256  # addresses kept of one chunk, and
_VIEWS_LENGTH_MAX = 16 * 1024  # their and the titles' length: readers hold small columns in memory
TITLE_LENGTH_MAX = 300  # a browser's tab shows a tenth of it
_SIZE_MAX = 100_000  # CSS px; a screen is smaller
USER_ID_LENGTH_MAX = 256
IDENTIFY = "replaylake.identify"
PAGE = "replaylake.page"
TRIGGER = "replaylake.trigger"
ERROR_TAGS = ("replaylake.error", "sr.error")
CONSOLE = "rrweb/console@1"
SAME_ERROR_MS = 1000  # a browser reports an uncaught error to the console too
_BOM = b"\xef\xbb\xbf"
_TRIGGER_KIND = re.compile(r"[a-z_]{1,32}")  # a name, so that nothing personal passes for one
_SURROGATE = re.compile(rb"\\u[dD]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class _Payload(msgspec.Struct):
    id: object = None
    message: object = None
    level: object = None
    payload: object = None
    url: object = None
    title: object = None
    width: object = None
    height: object = None
    kind: object = None


class _Data(msgspec.Struct):
    """The few fields of `data` that count, of every event type at once."""

    source: object = None
    type: object = None
    href: object = None
    width: object = None
    height: object = None
    tag: object = None
    plugin: object = None
    payload: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct, gc=False):
    type: int
    timestamp: float
    data: msgspec.Raw = msgspec.Raw()


class Stamp(msgspec.Struct, gc=False):
    """What orders an event: its type and its time, ms of the browser's clock."""

    type: int
    timestamp: float


class Event(NamedTuple):
    """One event, its JSON untouched and on one line. `at_ms` may have a fraction."""

    at_ms: float
    type: int
    json: bytes


_EVENTS = msgspec.json.Decoder(list[_Event])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_STAMP = msgspec.json.Decoder(Stamp)
_STAMPS = msgspec.json.Decoder(list[Stamp])
_DATA = msgspec.json.Decoder(_Data)
_PAYLOAD = msgspec.json.Decoder(_Payload)


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


def mend(raw: bytes) -> bytes:
    """Drop a byte order mark and replace lone surrogates (`\\ud800`) by U+FFFD.

    Browsers' JSON.stringify writes such escapes, strict parsers refuse them. Anything else stays.
    """
    raw = raw.removeprefix(_BOM)
    if _SURROGATE.search(raw):  # four times as fast as two searches by `in`
        raw = _ESCAPE.sub(lambda m: b"\\ufffd" if m[1] else m[0], raw)
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
    views = _Views()
    user_id = None
    triggers: list[tuple[float, str]] = []
    errors = _ErrorCount()
    for event in events:
        if not -_AT_MS_MAX <= event.timestamp <= _AT_MS_MAX:
            raise ChunkMalformed(
                f"timestamp {event.timestamp} is no time that a browser can tell, "
                f"limit is {_AT_MS_MAX} ms: send ms since the Unix epoch"
            )
        kind = event.type
        if kind == FULL_SNAPSHOT:
            snapshots += 1
        elif kind == INCREMENTAL:
            # Only a click is of interest; it is short, and says so near its beginning.
            if len(event.data) < 512:  # noqa: PLR2004, RUF100
                data = _data(event.data)
                clicks += data.source == _MOUSE_INTERACTION and data.type == _CLICK
        elif kind == META:
            data = _data(event.data)
            views.see(event.timestamp, data.href, data.width, data.height)
        elif kind in (CUSTOM, PLUGIN):
            data = _data(event.data)
            if data.tag == IDENTIFY:
                user_id = _user_id(data) or user_id
            elif data.tag == PAGE:
                page = _payload(data)
                views.see(event.timestamp, page.url, page.width, page.height, page.title)
            elif data.tag == TRIGGER:
                kind_text = _payload(data).kind
                if isinstance(kind_text, str) and _TRIGGER_KIND.fullmatch(kind_text):
                    triggers.append((event.timestamp, kind_text))
            else:
                errors.see(event.timestamp, data)
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
    )


def split_events(raw: bytes) -> list[Event]:
    """Cut a chunk that `read_chunk` accepted into its events, in its own order."""
    text = mend(raw)
    lines = [bytes(item) for item in _RAWS.decode(text)]
    if b"\n" in text or b"\r" in text:  # NDJSON: one line each
        lines = [msgspec.json.format(line, indent=-1) for line in lines]
    return [
        Event(stamp.timestamp, stamp.type, line)
        for stamp, line in zip(_STAMPS.decode(text), lines, strict=True)
    ]


def stamp_of(json: bytes) -> Stamp:
    """Return the type and time of one event of a chunk that `read_chunk` accepted."""
    return _STAMP.decode(json)


def _decode(raw: bytes) -> list[_Event]:
    text = raw.removeprefix(_BOM)
    _check_count(text)
    _check_utf8(text)
    try:
        return _events(text)
    except ChunkMalformed:
        # msgspec refuses every lone surrogate. They are rare, and looking for them in every chunk
        # would take longer than decoding it.
        mended = mend(raw)
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


def _events(text: bytes) -> list[_Event]:
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


def _data(raw: msgspec.Raw) -> _Data:
    """Decode `data` where it is an object; any other value counts as nothing."""
    try:
        return _DATA.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _Data()


class _Views:
    """Keeps the first addresses, within limits."""

    def __init__(self) -> None:
        self.kept: list[View] = []
        self._length = 0

    def see(
        self, at_ms: float, url: object, width: object, height: object, title: object = None
    ) -> None:
        if not isinstance(url, str) or len(self.kept) >= _VIEWS_MAX:
            return
        text = scrub_text(title, TITLE_LENGTH_MAX) if isinstance(title, str) else ""
        view = View(int(at_ms), scrub_url(url), _size(width), _size(height), text)
        length = len(view.url) + len(view.title)
        if self._length + length <= _VIEWS_LENGTH_MAX:
            self.kept.append(view)
            self._length += length


def _size(value: object) -> int:
    """Return CSS px as an int, 0 where the browser told nonsense."""
    if isinstance(value, int | float) and 0 <= value <= _SIZE_MAX:
        return int(value)
    return 0


def _payload(data: _Data) -> _Payload:
    try:
        return _PAYLOAD.decode(data.payload)
    except (msgspec.DecodeError, RecursionError):
        return _Payload()


def _user_id(data: _Data) -> str | None:
    user_id = _payload(data).id
    return user_id[:USER_ID_LENGTH_MAX] if isinstance(user_id, str) and user_id else None


class _ErrorCount:
    """Counts errors, and one error that both the page and its console report once."""

    def __init__(self) -> None:
        self.count = 0
        self._recent: list[tuple[float, str]] = []

    def see(self, at_ms: float, data: _Data) -> None:
        if data.tag in ERROR_TAGS:
            message = _payload(data).message
            self.count += 1
            if isinstance(message, str) and message:
                self._recent = [*self._recent[-7:], (at_ms, message)]
        elif data.plugin == CONSOLE:
            payload = _payload(data)
            if payload.level == "error" and not self._seen(at_ms, payload.payload):
                self.count += 1

    def _seen(self, at_ms: float, parts: object) -> bool:
        text = " ".join(p for p in parts if isinstance(p, str)) if isinstance(parts, list) else ""
        if "Uncaught" not in text:
            return False
        return any(
            abs(at_ms - at) <= SAME_ERROR_MS and message.removeprefix("Uncaught ")[:200] in text
            for at, message in self._recent
        )
