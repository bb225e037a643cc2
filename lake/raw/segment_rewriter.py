"""Rewrite a segment, pending or in quarantine, without some of its chunks.

The new segment is written before the old one is deleted: after a crash in between, some chunks
are stored twice, which means the same as once. A compactor that was about to read the old segment
finds it deleted, as if another compactor had processed it.
"""

import hashlib
from collections.abc import Callable

from lake.raw import segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import Store


def rewrite_without(
    store: Store, key: str, is_removed: Callable[[ReceivedChunk], bool], *, dry_run: bool = False
) -> int:
    """Remove chunks from a segment; return the bytes of their payloads.

    Args:
        is_removed: Whether to leave a chunk out.
        dry_run: Only return the bytes.

    Raises:
        ObjectMissing: It was compacted or removed in the meantime.
        Damaged: It cannot be read, and stays as it is.
        StoreUnavailable: The store failed.
    """
    body = store.get(key)
    received_chunks = segment_file.decode(body)
    removed = [chunk for chunk in received_chunks if is_removed(chunk)]
    if removed and not dry_run:
        rest = [chunk for chunk in received_chunks if not is_removed(chunk)]
        if rest:
            rewritten = segment_file.encode(rest, reason=segment_file.quarantine_reason(body))
            store.put(_rewritten_key(key, rewritten), rewritten)
        store.delete([key])
    return sum(chunk.payload_bytes for chunk in removed)


def rewritten_segment_id(segment_id: str, body: bytes) -> str:
    """Return the id of a rewritten segment: that of the old one, and a hash of its bytes."""
    return f"{segment_id.partition('_')[0]}_{hashlib.sha256(body).hexdigest()[:8]}"


def _rewritten_key(key: str, body: bytes) -> str:
    parsed = keys.parse_segment_key(key)
    assert parsed is not None, key
    day, segment_id = parsed
    make = keys.segment_key if key.startswith(keys.RAW) else keys.quarantined_segment_key
    return make(day, rewritten_segment_id(segment_id, body))
