"""A flood of chunks that reuse a sequence number with other bytes delays nobody's compaction."""

import time
from pathlib import Path

import pytest

from lake.control import tombstones
from lake.erasure.removal import Removed, remove_sessions
from lake.operations.quarantine_contents import contents, totals
from lake.raw import quarantine, segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store, open_store
from lake.storage.local import LocalStore
from tests.support import lakes

FLOOD = 400  # several times the payloads stored per session


def conflicts(count: int, *, session: int = 0, first: int = 0) -> list[ReceivedChunk]:
    """Chunks for the place of a session's second chunk, each with other bytes."""
    return [
        lakes.chunk(
            [lakes.click(lakes.NOW_MS + 1000, other=number, note="x" * 100)],
            seq=1,
            page=lakes.page_id(session),
            session=lakes.session_id(session),
        )
        for number in range(first, first + count)
    ]


class Counting(LocalStore):
    """Counts what is written to quarantine."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.puts = 0

    def put_new(self, key: str, body: bytes, *, token: str) -> bool:
        self.puts += key.startswith(keys.QUARANTINE)
        return super().put_new(key, body, token=token)


def objects(store: Store) -> list[str]:
    return [item.key for item in store.list(keys.QUARANTINE)]


def test_many_chunks_go_to_quarantine_in_one_object(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "lake"))
    store = Counting(tmp_path / "lake")
    honest, attacked = lakes.session(7), lakes.session(0)
    flood = conflicts(FLOOD)
    lakes.append(store, [*honest, *attacked], flood)

    (done,) = lakes.compact(store, settings)

    assert (done.session_count, done.quarantined_count, store.puts) == (2, FLOOD, 1)
    lakes.verify(store, [*honest, *attacked, *flood])


def test_conflicts_are_counted_once_and_sampled_per_session(
    store: Store, settings: Settings
) -> None:
    """received = stored + quarantined, however often runs and chunks repeat."""
    attacked = lakes.session(0)
    flood = conflicts(FLOOD)
    counts = []
    for some in (flood[:150], flood[100:300], flood):
        lakes.append(store, attacked, some)
        counts += [done.quarantined_count for done in lakes.compact(store, settings)]

    assert counts == [150, 150, 100]
    summary = totals(store, lakes.DAY)
    assert (summary.chunk_count, len(summary.sessions), summary.has_loss) == (FLOOD, 1, False)
    with_payload = [row for row in lakes.quarantined(store) if row["payload"]]
    assert len(with_payload) == quarantine.CHUNKS_MAX
    assert sum(content.counted_only for content in contents(store)) == FLOOD - quarantine.CHUNKS_MAX
    assert {row["reason"] for row in lakes.quarantined(store)} == {quarantine.POSITION_TAKEN}


def test_large_conflicting_payloads_are_stored_up_to_a_limit(
    store: Store, settings: Settings
) -> None:
    large = [
        lakes.chunk([lakes.click(lakes.NOW_MS + n, text="x" * 300_000)], seq=1, encoding="")
        for n in range(12)
    ]
    lakes.append(store, lakes.session(0), large)
    lakes.compact(store, settings)

    sizes = [len(row["payload"]) for row in lakes.quarantined(store)]
    assert len(sizes) == 12
    assert 0 < sum(sizes) <= quarantine.BYTES_MAX


def test_repeated_run_adds_nothing_to_quarantine(store: Store, settings: Settings) -> None:
    """As after a crash between the quarantine and the deletion of segments."""
    flood = conflicts(20)
    keys_of = lakes.append(store, lakes.session(0), flood)
    bodies = {key: store.get(key) for key in keys_of}
    lakes.compact(store, settings)
    before = objects(store)
    for key, body in bodies.items():
        store.put(key, body)

    (done,) = lakes.compact(store, settings)

    assert (done.quarantined_count, objects(store)) == (0, before)


def test_a_person_is_erased_from_an_object_that_many_share(
    store: Store, settings: Settings
) -> None:
    lakes.append(store, lakes.session(0), lakes.session(1), conflicts(120))
    lakes.append(store, conflicts(120, session=1))
    lakes.compact(store, settings)
    assert len(totals(store).sessions) == 2
    erased_id = lakes.session_id(0)

    tombstones.add(store, lakes.WEBSITE, sessions=[erased_id])
    remove_sessions(store, lakes.WEBSITE, [erased_id], Removed())

    summary = totals(store)
    assert summary.sessions == {(lakes.WEBSITE, lakes.session_id(1))}
    assert (summary.chunk_count, summary.has_loss) == (120, False)
    assert not any(erased_id.encode() in store.get(key) for key in objects(store))


def test_quarantine_of_older_versions_is_read_and_counted_once(
    store: Store, settings: Settings
) -> None:
    """One chunk an object, named by its identity and payload."""
    (old,) = conflicts(1)
    body = segment_file.encode([old], reason=quarantine.POSITION_TAKEN)
    store.put(keys.quarantined_segment_key(lakes.DAY, "0123456789abcdef0123456789abcdef"), body)
    lakes.append(store, lakes.session(0), [old])

    (done,) = lakes.compact(store, settings)

    assert (done.quarantined_count, len(objects(store))) == (0, 1)
    assert [content.kind for content in contents(store)] == ["conflict"]


def test_every_damaged_chunk_is_stored_whole(store: Store, settings: Settings) -> None:
    """Their damage is no sender's doing, and what is left of them may still be of use."""
    good = lakes.chunk([lakes.click(lakes.NOW_MS + 1)], seq=0)
    other = lakes.chunk([lakes.click(lakes.NOW_MS + 2, other=True)])
    damaged = [
        lakes.chunk([lakes.click(lakes.NOW_MS + seq)], seq=seq)._replace(
            payload=other.payload, payload_bytes=other.payload_bytes
        )
        for seq in range(1, quarantine.CHUNKS_MAX + 21)
    ]
    lakes.append(store, [good, *damaged])
    lakes.compact(store, settings)

    summary = lakes.quarantined(store)
    assert len(summary) == len(damaged)
    assert all(row["payload"] == other.payload for row in summary)
    assert totals(store).has_loss


@pytest.mark.long
def test_a_flood_takes_a_day_little_longer_than_without_it(tmp_path: Path) -> None:
    """CPU and waiting of the same day with and without 1,500 conflicting chunks, in one run."""

    def seconds(name: str, flood: list[ReceivedChunk]) -> float:
        settings = Settings(lake=str(tmp_path / name))
        store = open_store(settings)
        for number in range(200):
            lakes.append(store, lakes.session(number))
        for start in range(0, len(flood), 100):
            lakes.append(store, flood[start : start + 100])
        began = time.monotonic()
        lakes.compact(store, settings)
        return time.monotonic() - began

    alone = [seconds(f"alone {turn}", []) for turn in range(2)]
    beside = [seconds(f"beside {turn}", conflicts(1500)) for turn in range(2)]
    assert min(beside) <= 3 * min(alone), (alone, beside)
