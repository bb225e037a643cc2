"""One upload: inflate it within a limit, validate it as rrweb events, and read its facts.

The bytes are stored as received (see `lake.raw.segment_file`). `split_events` cuts a stored chunk
into its events again. Whatever a client sends, this raises `BadInput` and nothing else.
"""

import codecs
import re
from typing import NamedTuple

import msgspec
from isal import isal_zlib

from lake.errors import ChunkMalformed, ChunkTooLarge, EncodingUnsupported
from lake.raw.chunk_facts import ChunkFacts
from lake.raw.fact_collector import FactCollector
from lake.raw.rrweb_events import (
    ACTIONS,
    AT_MS_MAX,
    CLICK,
    CUSTOM,
    FULL_SNAPSHOT,
    INCREMENTAL,
    META,
    MOUSE_INTERACTION,
    PLUGIN,
    RawEvent,
    decode_data,
    decode_number,
)

EVENTS_MAX = 100_000  # five hours of a busy page; a million tiny ones take a second and 150 MB
USERS_MAX = 256  # of one chunk; a user that is not recorded could not be erased, so more is refused
ACTION_BYTES_MAX = 512  # of an action's `data`; only series of moves are longer
_BLOCK_BYTES = 1024 * 1024  # a shorter text cannot hold more than `EVENTS_MAX` events
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD]")
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))
# An escaped backslash, and its stand-in while surrogates are replaced: UTF-8 has no such bytes.
_BACKSLASH, _BACKSLASH_STAND_IN = rb"\\", b"\xff\xff"


class EventStamp(msgspec.Struct, gc=False):
    """An event's type and its time, ms of the browser's clock."""

    type: int
    timestamp: float


class ChunkEvent(NamedTuple):
    """One event, its JSON unchanged and on one line. `at_ms` may have a fraction."""

    at_ms: float
    type: int
    json: bytes


_EVENTS = msgspec.json.Decoder(list[RawEvent])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_STAMP = msgspec.json.Decoder(EventStamp)
_STAMPS = msgspec.json.Decoder(list[EventStamp])


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

    Browsers' JSON.stringify writes such escapes and strict parsers refuse them. All other bytes
    stay as they are.
    """
    raw = raw.removeprefix(_BOM)
    # One regex: two searches by `in` take four times as long.
    if _SURROGATE.search(raw) and b"\xff" not in raw:
        # A backslash that is left by the first step begins an escape. Nothing here calls Python for
        # each match: a chunk may hold a million.
        raw = raw.replace(_BACKSLASH, _BACKSLASH_STAND_IN)
        raw = _LONE.sub(rb"\\ufffd", raw).replace(_BACKSLASH_STAND_IN, _BACKSLASH)
    return raw


def read_chunk(raw: bytes, *, page_id: str, seq: int) -> ChunkFacts:
    """Validate `raw` (JSON text, inflated) as an array of rrweb events and read its facts.

    Raises:
        ChunkMalformed: It is no such array, is empty, has too many events or identifies too many
            users; the message says where.
    """
    events = _decode(raw)
    if not events:
        raise ChunkMalformed("the chunk holds no events")
    clicks = snapshots = 0
    acted_at: list[float] = []
    collector = FactCollector()
    for event in events:
        at_ms, kind = event.timestamp, event.type
        if not -AT_MS_MAX <= at_ms <= AT_MS_MAX:
            raise ChunkMalformed(
                f"timestamp {at_ms} is no time that a browser can tell, "
                f"limit is {AT_MS_MAX} ms: send ms since the Unix epoch"
            )
        if kind == FULL_SNAPSHOT:
            snapshots += 1
        elif kind == INCREMENTAL:
            if len(event.data) < ACTION_BYTES_MAX:
                data = decode_data(event.data)
                source = decode_number(data.source)
                clicks += source == MOUSE_INTERACTION and decode_number(data.type) == CLICK
                if source in ACTIONS:
                    acted_at.append(at_ms)
        elif kind == META:
            collector.add_meta(at_ms, decode_data(event.data))
            acted_at.append(at_ms)
        elif kind in (CUSTOM, PLUGIN) and collector.add_tagged(at_ms, decode_data(event.data)):
            acted_at.append(at_ms)
    if len(collector.users) > USERS_MAX:
        raise ChunkMalformed(
            f"the chunk identifies {len(collector.users)} users, limit is {USERS_MAX}: split it"
        )
    stamps = [event.timestamp for event in events]
    return ChunkFacts(
        page_id=page_id,
        seq=seq,
        crc32=isal_zlib.crc32(raw),
        raw_bytes=len(raw),
        event_count=len(events),
        click_count=clicks,
        error_count=collector.error_count,
        snapshot_count=snapshots,
        first_at_ms=int(min(stamps)),
        last_at_ms=int(max(stamps)),
        views=tuple(collector.views),
        user_id=collector.user_id,
        trigger=collector.trigger,
        user_ids=tuple(collector.users),
        acted_at_ms=int(max(acted_at)) if acted_at else None,
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


def _decode(raw: bytes) -> list[RawEvent]:
    text = raw.removeprefix(_BOM)
    _check_count(text)
    _check_utf8(text)
    try:
        return _events(text)
    except ChunkMalformed:
        # msgspec refuses every lone surrogate. They are rare, and looking for them in every chunk
        # would take longer than decoding it.
        repaired = repair_surrogates(raw)
        if repaired == text:
            raise
    return _events(repaired)


def _check_count(text: bytes) -> None:
    """Refuse too many events before they are built."""
    # Each event has a key `timestamp`, written plainly or with an escape in it.
    if len(text) > _BLOCK_BYTES and text.count(b'"timestamp"') + text.count(b"\\u00") > EVENTS_MAX:
        raise ChunkMalformed(f"the chunk holds more than {EVENTS_MAX} events: split it")


def _check_utf8(text: bytes) -> None:
    if text.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    # By parts, because a text with one emoji takes four times its bytes as a whole.
    for start in range(0, len(text), _BLOCK_BYTES):
        end = start + _BLOCK_BYTES
        try:
            decoder.decode(text[start:end], final=end >= len(text))
        except UnicodeDecodeError as error:
            raise ChunkMalformed(
                f"the chunk is not UTF-8 near byte {start + error.start}"
            ) from error


def _events(text: bytes) -> list[RawEvent]:
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
