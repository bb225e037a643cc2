"""Encoding of a replay's pieces as one response body, generated lazily.

Stored zstd frames are sent unchanged to clients that accept zstd. Otherwise pieces are
decompressed one at a time, so that memory holds one piece.
"""

from collections.abc import Iterable, Iterator

import zstandard
from isal import isal_zlib

from lake.reading.replay import ReplayPiece
from query_api.http.content_negotiation import JSON, Encoding

_LEVEL = 1  # for output that is used once
_GZIP = 31  # zlib's name for a gzip member
_BLOCK_BYTES = 256 * 1024  # passed to the server at a time


def encode(pieces: Iterable[ReplayPiece], media_type: str, encoding: Encoding) -> Iterator[bytes]:
    """Yield a response body.

    The first piece is verified before the first block is yielded: a caller that takes that block
    before it sends headers turns damage into an error status. Later frames that are sent unchanged
    are verified by the client, which checks their checksum.

    Raises:
        Damaged, StoreUnavailable: While blocks are taken.
    """
    if media_type == JSON:
        pieces = _array(pieces)
    compressed = {"zstd": _zstd, "gzip": _gzip, "identity": _identity}[encoding](pieces)
    for body in compressed:
        for start in range(0, len(body), _BLOCK_BYTES):
            yield body[start : start + _BLOCK_BYTES]


def _array(pieces: Iterable[ReplayPiece]) -> Iterator[ReplayPiece]:
    """Turn lines into one JSON array. JSON escapes line breaks, so each line is one value."""
    before = b"["
    for piece in pieces:
        yield ReplayPiece(before + piece.text()[:-1].replace(b"\n", b","), None, piece.key)
        before = b","
    yield ReplayPiece(b"]" if before == b"," else b"[]", None, "")


def _zstd(pieces: Iterable[ReplayPiece]) -> Iterator[bytes]:
    """Send several frames as one stream (RFC 8878, section 3.1).

    The last byte of each frame, a part of its checksum, is sent with the next frame: clients such
    as httpx 0.28 fail where a frame ends exactly at the end of a read.
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
    """Compress into one gzip member: some clients stop after the first."""
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield compressor.compress(piece.text())
    yield compressor.flush()


def _identity(pieces: Iterable[ReplayPiece]) -> Iterator[bytes]:
    return (piece.text() for piece in pieces)
