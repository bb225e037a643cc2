"""A segment, waiting or put aside, is written anew without some of its chunks.

The new one stands before the old one goes: cut off in between, some chunks are there twice, which
means the same as once. A compactor that was about to read the old one finds it gone, as if another
had compacted it.
"""

import hashlib
from collections.abc import Callable

from lake.raw import segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import Store


def rewrite_without(
    store: Store, key: str, goes: Callable[[ReceivedChunk], bool], *, dry_run: bool = False
) -> int:
    """Leave out the chunks that go; return the bytes of their payloads.

    Raises:
        ObjectMissing: It was compacted or removed meanwhile.
        Damaged: It cannot be read, and stays as it is.
        StoreUnavailable.
    """
    body = store.get(key)
    received_chunks = segment_file.decode(body)
    kept = [received_chunk for received_chunk in received_chunks if not goes(received_chunk)]
    if not dry_run and len(kept) < len(received_chunks):
        if kept:
            again = segment_file.encode(kept, reason=segment_file.quarantine_reason(body))
            store.put(_renamed(key, again), again)
        store.delete([key])
    return sum(
        received_chunk.payload_bytes for received_chunk in received_chunks if goes(received_chunk)
    )


def rewritten_segment_id(segment_id: str, body: bytes) -> str:
    """Return the id of a segment that takes another's place in time, with other bytes."""
    return f"{segment_id.partition('_')[0]}_{hashlib.sha256(body).hexdigest()[:8]}"


def _renamed(key: str, body: bytes) -> str:
    parsed = keys.parse_segment_key(key)
    assert parsed is not None, key
    day, segment_id = parsed
    make = keys.segment_key if key.startswith(keys.RAW) else keys.quarantined_segment_key
    return make(day, rewritten_segment_id(segment_id, body))
