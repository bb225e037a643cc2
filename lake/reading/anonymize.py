"""A replay without the identity of its user, for share links.

A website identifies its users by `replaylake.identify` events. Each is replaced by an empty event
of the same time, so that counts, offsets and frames do not change. What the pages showed is the
recording, and stays.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from lake.raw.rrweb_events import IDENTIFY
from lake.reading.replay import ReplayPiece

WITHHELD = "replaylake.withheld"
_PLAIN = IDENTIFY.encode()
_ESCAPED = re.compile(rb"\\u00[2-7]")  # JSON may write any letter of a name so


class _Tag(msgspec.Struct):
    tag: object = None


class _Tagged(msgspec.Struct):
    type: int
    timestamp: msgspec.Raw
    data: msgspec.Raw = msgspec.Raw()


_TAGGED = msgspec.json.Decoder(_Tagged)
_TAG = msgspec.json.Decoder(_Tag)


def anonymize_replay(pieces: Iterable[ReplayPiece]) -> Iterator[ReplayPiece]:
    """Yield a replay's pieces without identities; a frame that has none is yielded unchanged.

    Raises:
        Damaged, StoreUnavailable: During iteration.
    """
    for piece in pieces:
        text = piece.text()
        lines = (
            [_anonymize_line(line) for line in text[:-1].split(b"\n")]
            if _may_identify(text)
            else []
        )
        anonymous = b"\n".join(lines) + b"\n"
        yield piece if not lines or anonymous == text else ReplayPiece(anonymous, None, piece.key)


def _may_identify(text: bytes) -> bool:
    return _PLAIN in text or _ESCAPED.search(text) is not None


def _anonymize_line(line: bytes) -> bytes:
    if not _may_identify(line):
        return line
    try:
        event = _TAGGED.decode(line)
        tag = _TAG.decode(event.data).tag
    except (msgspec.DecodeError, RecursionError):
        return line  # no object, or nested too deep to be a note of ours
    if tag != IDENTIFY:
        return line
    return msgspec.json.encode(
        {"type": event.type, "timestamp": event.timestamp, "data": {"tag": WITHHELD, "payload": {}}}
    )
