from pathlib import Path

import pytest

from lake.raw.payload_spool import PayloadSpool, SegmentLost
from lake.raw.pending_index import PendingIndex
from lake.storage.base import Store
from tests.support import lakes


def test_a_copy_of_a_chunk_has_its_payload(store: Store, tmp_path: Path) -> None:
    sent = lakes.session()
    lakes.append(store, sent[:2], sent[2:])
    (pending,) = PendingIndex(store).refresh().sessions.values()

    with PayloadSpool(store, pending, tmp_path / "spool") as spool:
        copies = [item.received_chunk._replace(encoding="gzip") for item in pending]
        payloads = {copy.identity: spool.payload_of(copy) for copy in copies}
    assert payloads == {chunk.identity: chunk.payload for chunk in sent}


def test_equal_chunks_of_two_segments_are_read_apart(store: Store, tmp_path: Path) -> None:
    sent = lakes.session()[:1]
    lakes.append(store, sent, sent)
    (pending,) = PendingIndex(store).refresh().sessions.values()

    assert len({item.received_chunk.source for item in pending}) == 2
    with PayloadSpool(store, pending[:1], tmp_path / "spool") as spool:
        assert spool.payload_of(pending[0].received_chunk) == sent[0].payload
        with pytest.raises(KeyError):
            spool.payload_of(pending[1].received_chunk)


def test_a_deleted_segment_is_lost_without_damage(store: Store, tmp_path: Path) -> None:
    (key,) = lakes.append(store, lakes.session())
    (pending,) = PendingIndex(store).refresh().sessions.values()
    store.delete([key])

    with pytest.raises(SegmentLost) as lost:
        PayloadSpool(store, pending, tmp_path / "spool")
    assert (lost.value.key, lost.value.damage) == (key, None)
