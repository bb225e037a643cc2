"""Repeated chunks are mostly not stored again: a short memory of what was just acknowledged.

Best effort, per process and bounded. What slips through (another replica, a restart, a repeat
after minutes) is the compactor's, which keeps each chunk once whatever lies in the segments.
"""

from typing import Literal

from cachetools import FIFOCache

from ingest_api.group_commit import Commit, GroupCommit, wait_until_durable
from lake.raw.segment_file import ReceivedChunk

_REMEMBERED_MAX = 32_768  # about 15 MB; several seconds at full load, an hour of a small site
_Identity = tuple[str, str, str, int]
_Bytes = tuple[int, int]  # crc32 and length of the inflated JSON
Outcome = Literal["stored", "duplicate", "quarantined"]


class Deduplicator:
    """Stores chunks through a group commit, repeated ones once."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._acknowledged: FIFOCache[_Identity, _Bytes] = FIFOCache(_REMEMBERED_MAX)
        self._in_flight: dict[_Identity, tuple[_Bytes, Commit]] = {}

    async def store(self, received_chunk: ReceivedChunk) -> Outcome:
        """Return once the chunk is durable.

        `duplicate`: the same bytes were stored before, or by a request still open that this one
        waited for. `quarantined`: other bytes have this identity; these are stored beside them,
        and the compactor keeps the first and puts the second aside.

        Raises:
            StoreUnavailable: The write failed; whether it landed is unknown.
        """
        identity, mark = (
            received_chunk.identity,
            (received_chunk.facts.crc32, received_chunk.facts.raw_bytes),
        )
        known = self._acknowledged.get(identity)
        if known == mark:
            return "duplicate"
        other = self._in_flight.get(identity)
        if other is not None and other[0] == mark:
            await wait_until_durable(other[1])
            return "duplicate"
        commit = self._commit.join(received_chunk)
        if other is None:
            self._in_flight[identity] = mark, commit
        try:
            await wait_until_durable(commit)
        finally:
            if other is None:
                del self._in_flight[identity]
        if known is not None or other is not None:
            return "quarantined"
        self._acknowledged[identity] = mark
        return "stored"
