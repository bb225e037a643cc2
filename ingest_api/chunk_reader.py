"""Reading one chunk, and the process that reads large ones (`python -m ingest_api.chunk_reader`).

A large chunk holds Python's lock for a tenth of a second at a time, in which a server answers
nobody. So such chunks are read in a process of its own, which takes them from its stdin one after
another and ends with it. It imports little, and its memory is limited by the system.
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

_RATIO_MAX = 1032  # of deflate: RFC 1951's longest match, 258 bytes, in two bits
_MEMORY_BYTES = 64 * 1024 * 1024  # of a reader itself, with room for a body, and
_MEMORY_PER_BYTE = 3  # of a chunk's JSON: mended, and as a list of events
_LENGTH_BYTES = 4


class ReadRequest(msgspec.Struct, array_like=True, gc=False):
    """A body, what it can become by `inflated_bytes_max`, and what any chunk may."""

    payload: bytes
    encoding: str
    page_id: str
    seq: int
    raw_bytes_max: int
    limit_bytes: int


class ReadReply(msgspec.Struct, array_like=True):
    """Its facts, or why it was refused."""

    facts: ChunkFacts | None = None
    refusal: str = ""
    is_too_large: bool = False


def inflated_bytes_max(payload: bytes, encoding: str, *, limit_bytes: int) -> int:
    """Return how much JSON a body can become, before anything is inflated.

    A gzip member ends with its content's length (RFC 1952, ISIZE). One that inflates to more is
    malformed, so that this length can be believed as a bound; one beyond any limit says nothing.
    """
    if encoding != "gzip":
        return len(payload)
    worst = min(limit_bytes, len(payload) * _RATIO_MAX)
    told = int.from_bytes(payload[-4:], "little")
    return told if told <= worst else worst


def read(request: ReadRequest) -> ChunkFacts:
    """Inflate a body and read it.

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
    """Read one message; None: the other side is gone."""
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
    """Read chunks until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    raw_bytes_max, nice = map(int, sys.argv[1:])
    os.nice(nice)
    limit_bytes = _MEMORY_BYTES + _MEMORY_PER_BYTE * raw_bytes_max
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
    decoder = msgspec.msgpack.Decoder(ReadRequest)
    while (body := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, _reply(decoder.decode(body)))


if __name__ == "__main__":
    main()
