"""Write received chunks as segments: the only way into the lake, for uploads and imports.

The caller decides when to write (`ingest_api.group_commit`).
"""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

from lake import failpoints, ids
from lake.errors import StoreUnavailable
from lake.raw import segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import Store

_WRITERS = 8  # days written at the same time


def append(store: Store, received_chunks: Sequence[ReceivedChunk], *, now_ms: int) -> list[str]:
    """Write one segment per day on which the chunks' sessions began; return their keys.

    Durable when it returns. Each segment is written whole or not at all, and the store may repeat
    a write without duplicating it. If this raises, some days may have been written: appending the
    same chunks again is harmless, as each has an identity.

    Raises:
        StoreUnavailable: The store failed; whether a write landed is unknown.
    """
    days: dict[date, list[ReceivedChunk]] = defaultdict(list)
    for received_chunk in received_chunks:
        days[ids.day_of(received_chunk.session_id)].append(received_chunk)
    write = partial(_write, store, now_ms=now_ms)
    if len(days) <= 1:
        return [write(*item) for item in days.items()]
    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(lambda day: write(day, days[day]), sorted(days)))


def _write(
    store: Store, day: date, received_chunks: Sequence[ReceivedChunk], *, now_ms: int
) -> str:
    segment_id = ids.new_uuid7(now_ms)
    key = keys.segment_key(day, segment_id)
    body = segment_file.encode(received_chunks)
    failpoints.failpoint("ingest-before-put")
    is_ours = store.put_new(key, body, token=segment_id)
    if not is_ours:
        raise StoreUnavailable(f"the store refuses {key} as taken, a new random name: try again")
    failpoints.failpoint("ingest-after-put")
    return key
