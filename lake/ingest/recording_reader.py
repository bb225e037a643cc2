"""Read a recording from a file, one event at a time: JSON array or NDJSON, plain, gzip or zstd.

Memory is bounded by the longest event, whatever the file's size. The import itself is
`lake.ingest.import_recording`.
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import zstandard

from lake.errors import RecordingMalformed
from lake.raw.chunk_codec import repair_surrogates

_BLOCK_BYTES = 1 << 20
_ZSTD_BYTES = 1024  # one block inflates to 128 kB at most, and takes 4 bytes at least
_WINDOW_MAX = 1 << 27
_SPACE = re.compile(r"[ \t\r\n]*")
_NEAR_END = 12  # of the window: an escape or a literal may be cut there
_JSON = json.JSONDecoder()
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class RecordedEvent(NamedTuple):
    """One event. `number` counts from 1; `session` is the name of its session in the file, if any.

    `json` is the event as it is in the file.
    """

    number: int
    session: str | None
    at_ms: float
    json: bytes


def read_events(path: Path, *, event_bytes_max: int) -> Iterator[RecordedEvent]:
    """Yield a file's events in its own order.

    Events stand in an array, or one after another, or in several arrays one after another.

    Raises:
        RecordingMalformed: The message contains the reason and the position.
        OSError: The file cannot be read.
    """
    name = None
    for number, (event, text) in enumerate(_objects(path, event_bytes_max), 1):
        at_ms = event.get("timestamp")
        if isinstance(at_ms, bool) or not isinstance(at_ms, int | float):
            raise RecordingMalformed(f"{path.name}: event {number} has no number `timestamp`")
        given = event.get("sessionId", event.get("session_id"))
        name = given if isinstance(given, str) and given else name
        yield RecordedEvent(number, name, at_ms, text.encode())


def shift_event(event: RecordedEvent, shift_ms: int) -> bytes:
    """Return an event's JSON with its `timestamp` shifted; other values stay as they are.

    Raises:
        msgspec.DecodeError, RecursionError: Where `lake.raw.chunk_codec.read_chunk` refuses the
        event.
    """
    fields = _FIELDS.decode(repair_surrogates(event.json))
    fields["timestamp"] = msgspec.Raw(msgspec.json.encode(event.at_ms + shift_ms))
    return msgspec.json.encode(fields)


def _objects(path: Path, event_bytes_max: int) -> Iterator[tuple[dict[str, Any], str]]:
    text = _Text(path)
    while char := text.peek():
        if char != "[":
            yield text.take_object(event_bytes_max)
            continue
        text.at += 1
        char = text.peek()
        while char != "]":
            yield text.take_object(event_bytes_max)
            char = text.peek()
            if char == ",":
                text.at += 1
                text.peek()  # a `]` here is an error, as in any JSON
            elif char != "]":
                raise text.malformed("',' or ']' is missing" if char else "it is cut short")
        text.at += 1


class _Text:
    """The text of a file, of which only a window is in memory."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._blocks = _decoded(path)
        self._window = ""
        self._before = 0
        self._taken = 0
        self.at = 0

    def peek(self) -> str:
        """Skip white space and return the next character, '' at the end."""
        while True:
            match = _SPACE.match(self._window, self.at)
            assert match is not None
            self.at = match.end()
            if self.at < len(self._window):
                return self._window[self.at]
            if not self._more():
                return ""

    def take_object(self, length_max: int) -> tuple[dict[str, Any], str]:
        """Return the object at `at`, decoded and as text, and go behind it."""
        while True:
            try:
                value, end = _JSON.raw_decode(self._window, self.at)
                break
            except json.JSONDecodeError as error:
                is_cut = (
                    error.msg.startswith("Unterminated")
                    or error.pos >= len(self._window) - _NEAR_END
                )
                if len(self._window) - self.at > length_max:
                    raise self.malformed(
                        f"the event is longer than {length_max}: raise REPLAY_CHUNK_RAW_BYTES_MAX"
                    ) from error
                if not is_cut or not self._more():
                    what = "it is cut short" if is_cut else error.msg
                    raise self.malformed(what, error.pos) from error
            except (RecursionError, ValueError) as error:
                raise self.malformed(f"the event is no JSON that can be read: {error}") from error
        if not isinstance(value, dict):
            raise self.malformed("an event is an object with a number `type` and `timestamp`")
        text = self._window[self.at : end]
        self.at = end
        self._taken += 1
        return value, text

    def malformed(self, what: str, at: int | None = None) -> RecordingMalformed:
        """Make an error that contains the position."""
        place = self._before + (self.at if at is None else at)
        return RecordingMalformed(
            f"{self._name}: {what}, at character {place} (after {self._taken} events)"
        )

    def _more(self) -> bool:
        """Read more. The window doubles while one event fills it, which keeps the retries few."""
        parts = [self._window[self.at :]]
        wanted = max(1, len(parts[0]))
        while wanted > 0:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            wanted -= len(block)
        self._before += self.at
        self.at = 0
        self._window = "".join(parts)
        return len(parts) > 1


def _decoded(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    count = 0
    try:
        for block in _inflated(path):
            yield decoder.decode(block)
            count += len(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise RecordingMalformed(
            f"{path.name}: not UTF-8 near byte {count + error.start} of the text"
        ) from error


def _inflated(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        try:
            if magic == b"\x28\xb5\x2f\xfd":
                yield from _unzstd(iter(lambda: file.read(_ZSTD_BYTES), b""))
                return
            source = gzip.GzipFile(fileobj=file) if magic[:2] == b"\x1f\x8b" else file
            yield from iter(lambda: source.read(_BLOCK_BYTES), b"")
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise RecordingMalformed(f"{path.name}: the gzip stream is damaged: {error}") from error
        except zstandard.ZstdError as error:
            raise RecordingMalformed(f"{path.name}: the zstd stream is damaged: {error}") from error


def _unzstd(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate frame after frame. `stream_reader` would not detect that the last one is cut."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX)
    frame = decompressor.decompressobj()
    has_begun = False
    for block in blocks:
        rest = block
        while rest:
            if frame.eof:
                frame, has_begun = decompressor.decompressobj(), False
            has_begun = True
            yield frame.decompress(rest)
            rest = frame.unused_data if frame.eof else b""
    if has_begun and not frame.eof:
        raise zstandard.ZstdError("it is cut short")
