"""What cannot become part of a session goes to quarantine, with the reason.

A chunk goes there where its place (page, seq) holds other bytes already or its payload is not what
its columns say; a segment where it cannot be read. Many chunks share an object, whoever sent them.
What is damaged is kept whole. Of one session's chunks whose places were taken `CHUNKS_MAX`
payloads and `BYTES_MAX` bytes are kept; a chunk beyond that is a row without its payload, so that
it is counted once and goes with its session. What lies there is told by
`lake.operations.quarantine_contents`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from lake.errors import Damaged, FormatUnknown, ObjectMissing
from lake.raw import segment_file, segment_index
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store

POSITION_TAKEN = "another chunk with other bytes was first"
CHUNKS_MAX = 100
BYTES_MAX = 1 << 20
_OBJECT_BYTES = 4 << 20
_OBJECT_ROWS = 10_000
_READERS = 8
_REASONS_MAX = 5  # named in one object

Key = tuple[str, str]  # website id, session id
_Mark = tuple[str, str, str, int, int, int]


class RejectedChunk(NamedTuple):
    """A chunk that is no part of its session. `reason` is `POSITION_TAKEN`, or what is damaged."""

    received_chunk: ReceivedChunk
    reason: str


class _Quarantined:
    """What of the refused chunks' sessions lies in quarantine already."""

    def __init__(self) -> None:
        self.marks: set[_Mark] = set()
        self.sizes: dict[Key, tuple[int, int]] = {}

    def has_room(self, key: Key, payload_bytes: int) -> bool:
        """Count one more payload of a session if it may be kept."""
        count, size = self.sizes.get(key, (0, 0))
        if count >= CHUNKS_MAX or (count and size + payload_bytes > BYTES_MAX):
            return False
        self.sizes[key] = count + 1, size + payload_bytes
        return True


def quarantine_chunks(
    store: Store,
    day: date,
    refused: Sequence[RejectedChunk],
    payload_of: Callable[[ReceivedChunk], bytes],
) -> int:
    """Keep chunks of sessions of one day; return how many were not there before.

    Safe to repeat. Two callers at once may keep a chunk twice.

    Args:
        payload_of: Fetches a chunk's stored bytes; those of one object are held at a time.

    Raises:
        StoreUnavailable: The store failed; nothing may be deleted yet.
    """
    if not refused:
        return 0
    wanted = {
        _mark(one.received_chunk): one for one in reversed(refused)
    }  # of equal ones, the first
    kept = _kept(store, day, wanted.keys())
    new = [one for mark, one in wanted.items() if mark not in kept.marks]
    new.sort(
        key=lambda one: (
            one.reason != POSITION_TAKEN,
            one.received_chunk.received_at,
            one.received_chunk.identity,
        )
    )
    for batch in _batches(new, kept, payload_of):
        body = segment_file.encode([one.received_chunk for one in batch], reason=_reason(batch))
        name = hashlib.sha256(body).hexdigest()[:32]
        store.put_new(keys.quarantined_segment_key(day, name), body, token=name)
    return len(new)


def quarantine_segment(store: Store, key: str) -> bool:
    """Move a segment that cannot be read out of the way, its bytes as they lie.

    Returns False, and leaves it, if it is gone, can be read after all, or is of a newer format.

    Raises:
        StoreUnavailable: The store failed; the segment still stands.
    """
    parsed = keys.parse_segment_key(key)
    assert parsed is not None, key
    try:
        body = store.get(key)
        segment_file.decode(body)
    except (ObjectMissing, FormatUnknown):
        return False
    except Damaged:
        store.put(keys.quarantined_segment_key(*parsed), body)
        store.delete([key])
        return True
    return False


def _batches(
    new: Iterable[RejectedChunk], kept: _Quarantined, payload_of: Callable[[ReceivedChunk], bytes]
) -> Iterator[list[RejectedChunk]]:
    """Yield what goes into one object: chunks that were first apart from damaged ones."""
    batch: list[RejectedChunk] = []
    size = 0
    for one in new:
        received_chunk = one.received_chunk
        if batch and (
            size >= _OBJECT_BYTES
            or len(batch) >= _OBJECT_ROWS
            or (one.reason == POSITION_TAKEN) != (batch[0].reason == POSITION_TAKEN)
        ):
            yield batch
            batch, size = [], 0
        key = (received_chunk.website_id, received_chunk.session_id)
        # What was damaged here is kept whole; what a sender made up has a limit.
        if one.reason != POSITION_TAKEN or kept.has_room(key, received_chunk.payload_bytes):
            received_chunk = received_chunk._replace(payload=payload_of(received_chunk))
        else:
            facts = msgspec.structs.replace(received_chunk.facts, views=())
            received_chunk = received_chunk._replace(payload=b"", facts=facts, packed_views=b"")
        size += len(received_chunk.payload)
        batch.append(RejectedChunk(received_chunk, one.reason))
    if batch:
        yield batch


def _kept(store: Store, day: date, wanted: Iterable[_Mark]) -> _Quarantined:
    """Look which of the chunks are in quarantine, and how much of their sessions.

    Whole segments there do not count: a repair takes them apart.
    """
    marks, kept = set(wanted), _Quarantined()
    sessions = {mark[:2] for mark in marks}
    items = (i for i in store.list(keys.quarantine_prefix(day)) if keys.parse_segment_key(i.key))
    with ThreadPoolExecutor(_READERS) as pool:
        while batch := list(islice(items, _READERS * 4)):
            for received_chunk in chain.from_iterable(pool.map(partial(_chunks_of, store), batch)):
                key = (received_chunk.website_id, received_chunk.session_id)
                if key in sessions and received_chunk.payload_bytes:
                    count, size = kept.sizes.get(key, (0, 0))
                    kept.sizes[key] = count + 1, size + received_chunk.payload_bytes
                if (mark := _mark(received_chunk)) in marks:
                    kept.marks.add(mark)
    return kept


def _chunks_of(store: Store, item: ObjectInfo) -> list[ReceivedChunk]:
    try:
        received_chunks, reason = segment_index.read_index_and_reason(
            store, item.key, item.size_bytes
        )
    except (Damaged, ObjectMissing):
        return []
    return received_chunks if reason is not None else []


def _mark(received_chunk: ReceivedChunk) -> _Mark:
    return (received_chunk.website_id, received_chunk.session_id, *received_chunk.facts.content_key)


def _reason(batch: Iterable[RejectedChunk]) -> str:
    reasons = sorted({one.reason for one in batch})
    more = len(reasons) - _REASONS_MAX
    return "; ".join(reasons[:_REASONS_MAX]) + (f"; and {more} more" if more > 0 else "")
