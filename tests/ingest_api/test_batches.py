"""A batch that fails: those who wait for it are told, and nobody else."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ingest_api.group_commit import GroupCommit
from ingest_api.metrics import IngestMetrics
from lake.errors import StoreUnavailable
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store
from tests.support import lakes

DAY_MS = 86_400_000


@pytest.mark.folder
def test_only_those_who_wait_for_a_batch_that_fails_are_told_so(
    settings: Settings, store: Store
) -> None:
    """A file in place of one day's folder makes the write of that day fail, and no other."""
    each_alone = replace(settings, segment_bytes_max=1)
    good = [lakes.chunk([lakes.click(1)], session=lakes.session_id(n)) for n in range(6)]
    tomorrow = lakes.session_id(9, at_ms=lakes.NOW_MS + DAY_MS)
    bad = lakes.chunk([lakes.click(1)], session=tomorrow)
    raw = Path(settings.lake) / "raw"
    raw.mkdir(parents=True)
    in_the_way = raw / "date=2026-11-19"
    in_the_way.write_bytes(b"")

    async def answers(received_chunks: list[ReceivedChunk]) -> list[StoreUnavailable | None]:
        commit = GroupCommit(store, each_alone, lambda: lakes.NOW_MS, IngestMetrics())
        joined = [commit.join(received_chunk) for received_chunk in received_chunks]
        outcomes = await asyncio.gather(*joined)
        await commit.close()
        return outcomes

    outcomes = asyncio.run(answers([*good, bad]))
    in_the_way.unlink()

    assert [isinstance(item, StoreUnavailable) for item in outcomes] == [False] * len(good) + [True]
    assert set(lakes.pending_chunks(store)) == {(lakes.WEBSITE, item.session_id) for item in good}
