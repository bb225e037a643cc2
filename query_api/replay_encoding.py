"""A replay's pieces as the bytes of one answer, made as they are asked for.

Frames go out as they lie where the client takes zstd; everything else is opened piece by piece,
so that memory holds one.
"""

from collections.abc import Iterable, Iterator

import zstandard
from isal import isal_zlib

from lake.reading.replay import ReplayPiece
from query_api.http.content_negotiation import JSON, Encoding

_LEVEL = 1  # of what is compressed for one answer only
_GZIP = 31  # zlib's name for a gzip member
_BLOCK_BYTES = 256 * 1024  # handed to the server at once


def encode(pieces: Iterable[ReplayPiece], media_type: str, encoding: Encoding) -> Iterator[bytes]:
    """Yield an answer's body.

    What the first block is made of is whole: taken before the answer begins, it turns damage into
    an error. A frame behind it that goes out as it lies is checked by whoever inflates it.

    Raises:
        Damaged, StoreUnavailable: While it is taken.
    """
    if media_type == JSON:
        pieces = _array(pieces)
    compressed = {"zstd": _zstd, "gzip": _gzip, "identity": _identity}[encoding](pieces)
    for body in compressed:
        for start in range(0, len(body), _BLOCK_BYTES):
            yield body[start : start + _BLOCK_BYTES]


def _array(pieces: Iterable[ReplayPiece]) -> Iterator[ReplayPiece]:
    """Make one JSON array. No line holds a line break: JSON escapes it."""
    before = b"["
    for piece in pieces:
        yield ReplayPiece(before + piece.text()[:-1].replace(b"\n", b","), None, piece.key)
        before = b","
    yield ReplayPiece(b"]" if before == b"," else b"[]", None, "")


def _zstd(pieces: Iterable[ReplayPiece]) -> Iterator[bytes]:
    """Send several frames as one stream (RFC 8878, section 3.1).

    The last byte of each, a part of its checksum, goes with the next one: clients such as httpx
    0.28 fail where a frame ends just where a read ends.
    """
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    held = b""
    for piece in pieces:
        if not held:
            piece.text()
        body = compressor.compress(piece.body) if piece.frame is None else piece.body
        yield held + body[:-1]
        held = body[-1:]
    yield held or compressor.compress(b"")


def _gzip(pieces: Iterable[ReplayPiece]) -> Iterator[bytes]:
    """One member: not every client reads on behind the first."""
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield compressor.compress(piece.text())
    yield compressor.flush()


def _identity(pieces: Iterable[ReplayPiece]) -> Iterator[bytes]:
    return (piece.text() for piece in pieces)
