"""Quarantine chunks that cannot become part of a session, with the reason.

A chunk is quarantined if its place (page, seq) is taken by other bytes or if its payload is not
what its columns say; a segment if it cannot be read. One object holds chunks of many sessions.
Damaged chunks are stored whole. Of the chunks of one session whose places are taken, at most
`CHUNKS_MAX` payloads and `BYTES_MAX` bytes are stored; a further chunk is a row without payload,
so that it is counted once and removed with its session. `lake.operations.quarantine_contents`
reports what is in quarantine.
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
_READERS = 8  # requests in flight
_REASONS_MAX = 5  # named in one object

Key = tuple[str, str]  # website id, session id
_ContentId = tuple[str, str, str, int, int, int]


class RejectedChunk(NamedTuple):
    """A chunk that is no part of its session. `reason` is `POSITION_TAKEN` or its damage."""

    received_chunk: ReceivedChunk
    reason: str


class _Quarantined:
    """Chunks and payloads of some sessions that are in quarantine already."""

    def __init__(self) -> None:
        self.content_ids: set[_ContentId] = set()
        self.sizes: dict[Key, tuple[int, int]] = {}  # payloads and their bytes

    def has_room(self, key: Key, payload_bytes: int) -> bool:
        """Whether one more payload of a session is within its limits; counts it if so."""
        count, size = self.sizes.get(key, (0, 0))
        if count >= CHUNKS_MAX or (count and size + payload_bytes > BYTES_MAX):
            return False
        self.sizes[key] = count + 1, size + payload_bytes
        return True


def quarantine_chunks(
    store: Store,
    day: date,
    rejected: Sequence[RejectedChunk],
    payload_of: Callable[[ReceivedChunk], bytes],
) -> int:
    """Store chunks of sessions of one day in quarantine; return how many were not there before.

    Idempotent. Two callers at once may store a chunk twice.

    Args:
        payload_of: Returns a chunk's stored bytes. Payloads of one object are held at a time.

    Raises:
        StoreUnavailable: The store failed; no chunk may be deleted yet.
    """
    if not rejected:
        return 0
    by_content = {_content_id(chunk.received_chunk): chunk for chunk in reversed(rejected)}
    stored = _read_quarantined(store, day, by_content.keys())
    new = [chunk for content, chunk in by_content.items() if content not in stored.content_ids]
    new.sort(key=_storage_order)
    for batch in _batches(new, stored, payload_of):
        body = segment_file.encode([chunk.received_chunk for chunk in batch], reason=_reason(batch))
        name = hashlib.sha256(body).hexdigest()[:32]
        store.put_new(keys.quarantined_segment_key(day, name), body, token=name)
    return len(new)


def quarantine_segment(store: Store, key: str) -> bool:
    """Move a segment that cannot be read to quarantine, its bytes unchanged.

    Returns:
        False if the segment stays: it is deleted, is readable after all, or has a newer format.

    Raises:
        StoreUnavailable: The store failed; the segment is still at `key`.
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


def _storage_order(chunk: RejectedChunk) -> tuple[bool, int, tuple[str, str, str, int]]:
    received_chunk = chunk.received_chunk
    return chunk.reason != POSITION_TAKEN, received_chunk.received_at, received_chunk.identity


def _batches(
    new: Iterable[RejectedChunk],
    stored: _Quarantined,
    payload_of: Callable[[ReceivedChunk], bytes],
) -> Iterator[list[RejectedChunk]]:
    """Yield the chunks of one object at a time: taken places apart from damaged chunks."""
    batch: list[RejectedChunk] = []
    size = 0
    for chunk in new:
        received_chunk = chunk.received_chunk
        if batch and (
            size >= _OBJECT_BYTES
            or len(batch) >= _OBJECT_ROWS
            or (chunk.reason == POSITION_TAKEN) != (batch[0].reason == POSITION_TAKEN)
        ):
            yield batch
            batch, size = [], 0
        key = (received_chunk.website_id, received_chunk.session_id)
        # Damage happened here, so that it is stored whole; what a sender made up has a limit.
        if chunk.reason != POSITION_TAKEN or stored.has_room(key, received_chunk.payload_bytes):
            received_chunk = received_chunk._replace(payload=payload_of(received_chunk))
        else:
            facts = msgspec.structs.replace(received_chunk.facts, views=())
            received_chunk = received_chunk._replace(payload=b"", facts=facts, packed_views=b"")
        size += len(received_chunk.payload)
        batch.append(RejectedChunk(received_chunk, chunk.reason))
    if batch:
        yield batch


def _read_quarantined(store: Store, day: date, wanted: Iterable[_ContentId]) -> _Quarantined:
    """Find which chunks are in quarantine, and how many payloads of their sessions.

    Segments that were quarantined whole do not count: a repair takes them apart.
    """
    content_ids, stored = set(wanted), _Quarantined()
    sessions = {content_id[:2] for content_id in content_ids}
    items = (i for i in store.list(keys.quarantine_prefix(day)) if keys.parse_segment_key(i.key))
    with ThreadPoolExecutor(_READERS) as pool:
        while batch := list(islice(items, _READERS * 4)):
            for chunk in chain.from_iterable(pool.map(partial(_chunks_of, store), batch)):
                key = (chunk.website_id, chunk.session_id)
                if key in sessions and chunk.payload_bytes:
                    count, size = stored.sizes.get(key, (0, 0))
                    stored.sizes[key] = count + 1, size + chunk.payload_bytes
                if (content_id := _content_id(chunk)) in content_ids:
                    stored.content_ids.add(content_id)
    return stored


def _chunks_of(store: Store, item: ObjectInfo) -> list[ReceivedChunk]:
    try:
        received_chunks, reason = segment_index.read_index_and_reason(
            store, item.key, item.size_bytes
        )
    except (Damaged, ObjectMissing):
        return []
    return received_chunks if reason is not None else []


def _content_id(chunk: ReceivedChunk) -> _ContentId:
    return (chunk.website_id, chunk.session_id, *chunk.facts.content_key)


def _reason(batch: Iterable[RejectedChunk]) -> str:
    reasons = sorted({chunk.reason for chunk in batch})
    more = len(reasons) - _REASONS_MAX
    return "; ".join(reasons[:_REASONS_MAX]) + (f"; and {more} more" if more > 0 else "")
