"""Source maps of version 3, decoded once, when they are uploaded. Pure; hostile maps are refused.

Readers get flat arrays: the text form of 5 MB takes a second to decode, the arrays milliseconds.

Source: ECMA-426, Source map format specification.
"""

import sys
from array import array
from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

import msgspec
import zstandard

from lake.errors import BadInput, Damaged

MAP_BYTES_MAX = 64 * 1024 * 1024  # the largest applications' maps have 30 MB
SEGMENTS_MAX = 4_000_000  # in memory 20 bytes each
LINES_MAX = 4_000_000
_NUMBER_MAX = 2**31 - 1
_TEXT_LENGTH_MAX = 1000  # of one name
_PACKED_BYTES_MAX = 8 * MAP_BYTES_MAX
_CACHED_SEGMENTS_MAX = (
    100_000  # different segments that are remembered: a map repeats some thousands
)
_DIGITS = {
    char: value
    for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_FIELD_COUNTS = (1, 4, 5)


class SourceMapMalformed(BadInput):
    """A file is no source map that can be stored."""

    kind = "source-map-malformed"


class OriginalPosition(NamedTuple):
    """Where a place was written. `line` and `column` count from 1; `name` may be empty."""

    source: str
    line: int
    column: int
    name: str


class DecodedSourceMap(NamedTuple):
    """A map. Line `n` has the segments from `starts[n]` to before `starts[n + 1]`, by column.

    Lines and columns count from 0. A segment of source -1 maps to nothing.
    """

    sources: list[str]
    names: list[str]
    starts: "array[int]"
    columns: "array[int]"
    source_numbers: "array[int]"
    lines: "array[int]"
    original_columns: "array[int]"
    name_numbers: "array[int]"

    @property
    def arrays(self) -> tuple["array[int]", ...]:
        """All but the texts, in the order in which they are stored."""
        return self[2:]

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        texts = sum(len(text) + 60 for text in (*self.sources, *self.names))
        return texts + sum(len(entry) * entry.itemsize for entry in self.arrays)

    def find(self, line: int, column: int) -> OriginalPosition | None:
        """Return where the place was written; `line` and `column` count from 1, as in stacks."""
        if not 1 <= line < len(self.starts):
            return None
        first, end = self.starts[line - 1], self.starts[line]
        at = bisect_right(self.columns, column - 1, first, end) - 1
        if at < first or self.source_numbers[at] < 0:
            return None
        name = self.name_numbers[at]
        return OriginalPosition(
            self.sources[self.source_numbers[at]],
            self.lines[at] + 1,
            self.original_columns[at] + 1,
            self.names[name] if name >= 0 else "",
        )


class _Map(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a map; `sourcesContent` is not."""

    version: int
    file: str | None = None
    source_root: str | None = msgspec.field(name="sourceRoot", default=None)
    sources: list[str | None] = []
    names: list[str] = []
    mappings: str = ""
    sections: list["_Section"] | None = None


class _Offset(msgspec.Struct, frozen=True):
    line: int
    column: int


class _Section(msgspec.Struct, frozen=True):
    offset: _Offset
    map: _Map


class _Texts(msgspec.Struct, frozen=True):
    sources: list[str]
    names: list[str]


_MAPS = msgspec.json.Decoder(_Map)


def decode(body: bytes) -> tuple[DecodedSourceMap, str | None]:
    """Decode a map as bundlers write it; also return the name of its file, where it tells one.

    Raises:
        SourceMapMalformed: It is none, or larger than is stored.
    """
    if len(body) > MAP_BYTES_MAX:
        raise SourceMapMalformed(f"it has {len(body)} bytes, limit is {MAP_BYTES_MAX}")
    if body.startswith(b")]}'"):  # a guard against being run as a script
        body = body.partition(b"\n")[2]
    try:
        decoded = _MAPS.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceMapMalformed(f"it is no source map: {error}") from error
    building = _Decoder()
    for section in decoded.sections or [_Section(_Offset(0, 0), decoded)]:
        if section.map.version != 3:
            raise SourceMapMalformed(f"its version is {section.map.version}, only 3 is known")
        if section.map.sections is not None and section.map is not decoded:
            raise SourceMapMalformed("it has sections within sections")
        building.add(section)
    return building.end(), decoded.file


def pack(decoded: DecodedSourceMap) -> bytes:
    """Return the bytes that are stored (`lake/FORMAT.md`)."""
    text = msgspec.json.encode(_Texts(decoded.sources, decoded.names))
    counts = array("i", [len(text), len(decoded.starts), len(decoded.columns)])
    parts = [_little(counts), text, *map(_little, decoded.arrays)]
    return zstandard.ZstdCompressor(level=9, write_checksum=True).compress(b"".join(parts))


def unpack(packed: bytes) -> DecodedSourceMap:
    """Return what was packed.

    Raises:
        Damaged.
    """
    try:
        body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_PACKED_BYTES_MAX)
        text_bytes, start_count, count = _numbers(body[:12])
        texts = msgspec.json.decode(body[12 : 12 + text_bytes], type=_Texts)
        rest = _numbers(body[12 + text_bytes :])
    except (zstandard.ZstdError, ValueError, msgspec.DecodeError) as error:
        raise Damaged(f"its bytes are not what was written: {error}") from error
    ends = [start_count + number * count for number in range(6)]
    if len(rest) != ends[-1]:
        raise Damaged(f"it has {len(rest)} numbers instead of {ends[-1]}")
    pieces = (rest[start:end] for start, end in zip([0, *ends], ends, strict=False))
    return DecodedSourceMap(texts.sources, texts.names, *pieces)


class _Decoder:
    """Adds up sections, which come in the order of the generated file."""

    def __init__(self) -> None:
        self._sources: list[str] = []
        self._names: list[str] = []
        self._starts = array("i", [0])
        self._arrays = tuple(array("i") for _ in range(5))
        self._decoded: dict[str, tuple[int, ...]] = {}

    def add(self, section: _Section) -> None:
        result, offset = section.map, section.offset
        if not len(self._starts) - 1 <= offset.line <= LINES_MAX or not (
            0 <= offset.column <= _NUMBER_MAX
        ):
            raise SourceMapMalformed("its sections are not in order")
        if offset.line + result.mappings.count(";") > LINES_MAX:
            raise SourceMapMalformed(f"it has more than {LINES_MAX} lines")
        if len(self._arrays[0]) + result.mappings.count(",") >= SEGMENTS_MAX:
            raise SourceMapMalformed(f"it has more than {SEGMENTS_MAX} segments")
        self._go_to(offset.line)
        source_base, name_base = len(self._sources), len(self._names)
        root = f"{result.source_root.rstrip('/')}/" if result.source_root else ""
        self._sources += [_cut(f"{root}{source or ''}") for source in result.sources]
        self._names += map(_cut, result.names)
        columns, sources, lines, original_columns, names = self._arrays
        source = line = original_column = name = 0
        column = offset.column
        for number, text in enumerate(result.mappings.split(";")):
            if number:
                self._go_to(offset.line + number)
                column = 0
            for segment in text.split(",") if text else ():
                fields = self._decoded.get(segment) or self._fields(segment)
                column += fields[0]
                has_source = len(fields) > 1
                if has_source:
                    source += fields[1]
                    line += fields[2]
                    original_column += fields[3]
                    name += fields[4] if len(fields) > 4 else 0
                if not (
                    0 <= column <= _NUMBER_MAX
                    and 0 <= line <= _NUMBER_MAX
                    and 0 <= original_column <= _NUMBER_MAX
                    and (not has_source or 0 <= source < len(result.sources))
                    and (len(fields) < 5 or 0 <= name < len(result.names))
                ):
                    raise SourceMapMalformed("a segment points at nothing")
                columns.append(column)
                sources.append(source_base + source if has_source else -1)
                lines.append(line)
                original_columns.append(original_column)
                names.append(name_base + name if len(fields) > 4 else -1)

    def end(self) -> DecodedSourceMap:
        self._go_to(len(self._starts))
        return DecodedSourceMap(self._sources, self._names, self._starts, *self._arrays)

    def _go_to(self, line: int) -> None:
        """End the lines before `line`."""
        columns = self._arrays[0]
        start, end = self._starts[-1], len(columns)
        while len(self._starts) <= line:
            self._starts.append(end)
        if self._starts[-1] == end and not _is_sorted(columns[start:end]):
            order = sorted(range(start, end), key=columns.__getitem__)
            for entry in self._arrays:
                entry[start:end] = array("i", [entry[at] for at in order])

    def _fields(self, segment: str) -> tuple[int, ...]:
        """Decode numbers of base 64: six bits a digit, of which the first says whether more come.

        The last bit of a number is its sign.
        """
        fields = []
        value = shift = 0
        for char in segment:
            digit = _DIGITS.get(char)
            if digit is None or shift > 30:
                raise SourceMapMalformed(f"{segment[:20]!r} is no segment")
            value |= (digit & 31) << shift
            shift += 5
            if not digit & 32:
                fields.append(-(value >> 1) if value & 1 else value >> 1)
                value = shift = 0
        if shift or len(fields) not in _FIELD_COUNTS:
            raise SourceMapMalformed(f"{segment[:20]!r} is no segment")
        if len(self._decoded) < _CACHED_SEGMENTS_MAX:
            self._decoded[segment] = tuple(fields)
        return tuple(fields)


def _is_sorted(numbers: "array[int]") -> bool:
    return all(entry <= other for entry, other in pairwise(numbers))


def _cut(text: str) -> str:
    return text[:_TEXT_LENGTH_MAX].encode(errors="replace").decode()


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = array("i", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(body: bytes) -> "array[int]":
    numbers = array("i")
    numbers.frombytes(body)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
