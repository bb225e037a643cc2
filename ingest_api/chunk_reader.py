"""Read one chunk, and a process that reads large ones (`python -m ingest_api.chunk_reader`).

A large chunk holds Python's global lock for a tenth of a second, during which a server answers no
request. The process reads chunks from its stdin, one after another, until stdin ends. It imports
little, and the operating system limits its memory.
"""

import os
import resource
import signal
import sys
from typing import IO

import msgspec

from lake.errors import BadInput, ChunkMalformed, ChunkTooLarge
from lake.raw import chunk_codec
from lake.raw.chunk_facts import ChunkFacts

_RATIO_MAX = 1032  # of deflate: RFC 1951's longest match, 258 bytes, takes two bits
_MEMORY_BYTES = 64 * 1024 * 1024  # of the process itself, with room for a body, and
_MEMORY_PER_BYTE = 3  # of a chunk's JSON: repaired, and as a list of events
_LENGTH_BYTES = 4


class ReadRequest(msgspec.Struct, array_like=True, gc=False):
    """A body to read.

    `raw_bytes_max` is how large its JSON can be by `inflated_bytes_max`, `limit_bytes` how large
    any chunk may be.
    """

    payload: bytes
    encoding: str
    page_id: str
    seq: int
    raw_bytes_max: int
    limit_bytes: int


class ReadReply(msgspec.Struct, array_like=True):
    """The facts of a chunk, or why it was refused."""

    facts: ChunkFacts | None = None
    refusal: str = ""
    is_too_large: bool = False


def inflated_bytes_max(payload: bytes, encoding: str, *, limit_bytes: int) -> int:
    """Return an upper bound of a body's JSON, without inflating it.

    A gzip member ends with the length of its content (RFC 1952, ISIZE). A member that inflates to
    more is malformed, so that the length is a bound, unless it is above what deflate can reach.
    """
    if encoding != "gzip":
        return len(payload)
    worst = min(limit_bytes, len(payload) * _RATIO_MAX)
    announced = int.from_bytes(payload[-4:], "little")
    return min(announced, worst)


def read(request: ReadRequest) -> ChunkFacts:
    """Inflate a body and read its facts.

    Raises:
        BadInput: It is no chunk, or too large.
    """
    try:
        raw = chunk_codec.inflate(
            request.payload, request.encoding, raw_bytes_max=request.raw_bytes_max
        )
    except ChunkTooLarge as error:
        if request.raw_bytes_max == request.limit_bytes:
            raise
        raise ChunkMalformed("the gzip body holds more than its own length says") from error
    return chunk_codec.read_chunk(raw, page_id=request.page_id, seq=request.seq)


def send(stream: IO[bytes], message: ReadRequest | ReadReply) -> None:
    """Write one message."""
    body = msgspec.msgpack.encode(message)
    stream.write(len(body).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one message; None if the other side has ended."""
    head = stream.read(_LENGTH_BYTES)
    length = int.from_bytes(head, "little")
    body = stream.read(length) if len(head) == _LENGTH_BYTES else b""
    return body if len(body) == length and length else None


def _reply(request: ReadRequest) -> ReadReply:
    try:
        return ReadReply(facts=read(request))
    except ChunkTooLarge as error:
        return ReadReply(refusal=str(error), is_too_large=True)
    except BadInput as error:
        return ReadReply(refusal=str(error))
    except MemoryError:
        return ReadReply(refusal="reading the chunk takes too much memory: split it")


def main() -> None:
    """Read chunks from stdin until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent process
    raw_bytes_max, nice = map(int, sys.argv[1:])
    os.nice(nice)
    limit_bytes = _MEMORY_BYTES + _MEMORY_PER_BYTE * raw_bytes_max
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
    decoder = msgspec.msgpack.Decoder(ReadRequest)
    while (body := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, _reply(decoder.decode(body)))


if __name__ == "__main__":
    main()
