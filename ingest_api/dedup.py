"""Deduplicate repeated chunks by a bounded memory of those that were acknowledged recently.

Best effort and per process. A repeat that it misses (on another replica, after a restart, after
minutes) is stored twice, and compaction takes each chunk into its session once.
"""

from typing import Literal

from cachetools import FIFOCache

from ingest_api.group_commit import Commit, GroupCommit, wait_until_durable
from lake.raw.segment_file import ReceivedChunk

_ACKNOWLEDGED_MAX = 32_768  # about 15 MB; several seconds at full load, an hour of a small site
_Identity = tuple[str, str, str, int]
_Bytes = tuple[int, int]  # crc32 and length of the inflated JSON
Outcome = Literal["stored", "duplicate", "quarantined"]


class Deduplicator:
    """Stores chunks through a group commit, repeated ones once. Use from one event loop."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._acknowledged: FIFOCache[_Identity, _Bytes] = FIFOCache(_ACKNOWLEDGED_MAX)
        self._in_flight: dict[_Identity, tuple[_Bytes, Commit]] = {}

    async def store(self, received_chunk: ReceivedChunk) -> Outcome:
        """Store a chunk; return once it is durable.

        Returns:
            `duplicate`: the same bytes were stored before, or by a concurrent request that this
            one waited for. `quarantined`: the identity is taken by other bytes; these are stored
            too, and compaction quarantines them.

        Raises:
            StoreUnavailable: The write failed; whether it landed is unknown.
        """
        identity, mark = (
            received_chunk.identity,
            (received_chunk.facts.crc32, received_chunk.facts.raw_bytes),
        )
        cached = self._acknowledged.get(identity)
        if cached == mark:
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
        if cached is not None or other is not None:
            return "quarantined"
        self._acknowledged[identity] = mark
        return "stored"
