"""What cannot become part of a session is put aside, whole, with the reason. Nothing is dropped.

A chunk is put aside where its place (page, seq) holds other bytes already or its payload is not
what its columns say; a segment where it cannot be read. Named by content: doing it twice is once.
"""

import hashlib
from datetime import date

from lake import keys, segments
from lake.errors import Damaged, FormatUnknown, ObjectMissing
from lake.segments import Arrival
from lake.store import Store


def put_chunk(store: Store, day: date, arrival: Arrival, payload: bytes, *, reason: str) -> bool:
    """Keep one chunk. Returns False if it was kept before.

    Raises:
        StoreUnavailable: The store failed; nothing may be deleted yet.
    """
    body = segments.encode(
        [arrival._replace(payload=payload, payload_bytes=len(payload))], reason=reason
    )
    name = hashlib.sha256(repr(arrival.identity).encode() + payload).hexdigest()[:32]
    key = keys.quarantine_key(day, name)
    if next(store.list(key), None) is not None:
        return False
    return store.put_new(key, body, token=name)


def put_segment(store: Store, key: str) -> bool:
    """Move a segment that cannot be read out of the way, its bytes as they lie.

    Returns False, and leaves it, if it is gone, can be read after all, or is of a newer format.

    Raises:
        StoreUnavailable: The store failed; the segment still stands.
    """
    parsed = keys.parse_segment_key(key)
    assert parsed is not None, key
    try:
        body = store.get(key)
        segments.decode(body)
    except (ObjectMissing, FormatUnknown):
        return False
    except Damaged:
        store.put(keys.quarantine_key(*parsed), body)
        store.delete([key])
        return True
    return False
