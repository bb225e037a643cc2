"""Salvage of a damaged segment: its readable chunks stay pending, the others are quarantined.

For pending segments, and for those that a compaction quarantined as a whole.

A segment's index columns have one checksum, and each chunk's payload has its own. A flipped bit in
a payload therefore damages one chunk: it is quarantined, and the others are written to a new
segment. A segment is quarantined as a whole only if its index columns cannot be read.
"""

from datetime import date
from typing import NamedTuple

from lake import ids
from lake.errors import Damaged, FormatUnknown, ObjectMissing
from lake.raw import quarantine, segment_file
from lake.raw.quarantine import RejectedChunk
from lake.raw.segment_file import ReceivedChunk
from lake.raw.segment_rewriter import rewritten_segment_id
from lake.sessions import merge
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store


class SalvageResult(NamedTuple):
    """Numbers of chunks that stay pending, and of objects that were quarantined."""

    pending_count: int
    quarantined_count: int


def salvage_segment(store: Store, settings: Settings, key: str) -> SalvageResult | None:
    """Write the readable chunks to new segments and quarantine the others. None: a newer format.

    New segments are written before the old one is deleted: a chunk may be in both, and counts once.

    Raises:
        StoreUnavailable: The segment still exists.
    """
    try:
        received_chunks = segment_file.decode(store.get(key), verify_pages=False)
    except ObjectMissing:
        return SalvageResult(0, 0)
    except FormatUnknown:
        return None
    except Damaged:
        is_moved = key.startswith(keys.RAW) and quarantine.quarantine_segment(store, key)
        return SalvageResult(0, int(is_moved))
    parsed = keys.parse_segment_key(key)
    assert parsed is not None, key
    good: dict[date, list[ReceivedChunk]] = {}
    damaged: dict[date, list[RejectedChunk]] = {}
    for received_chunk in received_chunks:
        if not ids.is_uuid7(received_chunk.session_id):
            reason = "its session's id has no day"
            damaged.setdefault(parsed[0], []).append(RejectedChunk(received_chunk, reason))
            continue
        day = ids.day_of(received_chunk.session_id)
        try:
            merge.decode_chunk_events(received_chunk, received_chunk.payload, settings)
        except Damaged as error:
            damaged.setdefault(day, []).append(RejectedChunk(received_chunk, str(error)))
        else:
            good.setdefault(day, []).append(received_chunk)
    for day, refused in damaged.items():
        quarantine.quarantine_chunks(
            store, day, refused, lambda received_chunk: received_chunk.payload
        )
    quarantined = sum(map(len, damaged.values()))
    for day, retained in good.items():
        body = segment_file.encode(retained)
        renamed = keys.segment_key(day, rewritten_segment_id(parsed[1], body))
        store.put(renamed, body)
        if renamed == key:
            return SalvageResult(len(retained), quarantined)
    store.delete([key])
    return SalvageResult(sum(map(len, good.values())), quarantined)
