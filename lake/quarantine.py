"""What cannot become part of a session is put aside, whole, with the reason. Nothing is dropped.

A chunk is put aside where its place (page, seq) holds other bytes already or its payload is not
what its columns say; a segment where it cannot be read. Named by content: doing it twice is once.
"""

import hashlib
from datetime import date

from lake import keys, segments
from lake.errors import ObjectMissing
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
    return store.put_new(keys.quarantine_key(day, name), body, token=name)


def put_segment(store: Store, key: str) -> None:
    """Move a segment that cannot be read out of the way, its bytes as they lie.

    Raises:
        StoreUnavailable: The store failed; the segment still stands.
    """
    parsed = keys.parse_segment_key(key)
    assert parsed is not None, key
    try:
        store.put(keys.quarantine_key(*parsed), store.get(key))
    except ObjectMissing:
        return  # another compactor has moved it
    store.delete([key])
