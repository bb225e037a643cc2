"""The index of waiting chunks: what a reader sees of level 0."""

import threading
from typing import Any

import pytest

from lake.raw.pending_index import PendingIndex, PendingSnapshot
from lake.storage import keys
from lake.storage.base import Store
from tests.support import lakes


def places(pending: PendingSnapshot) -> dict[lakes.Key, list[lakes.Place]]:
    return {
        key: sorted(item.received_chunk.facts.place for item in waiting)
        for key, waiting in pending.sessions.items()
    }


def test_what_came_and_went_is_seen(store: Store) -> None:
    index = PendingIndex(store)
    of_a, of_b = lakes.session(1), lakes.session(2, website="w_b")
    first, second = lakes.append(store, of_a[:1] + of_b[:2], of_a[1:])
    before = index.refresh()

    assert places(before) == {
        ("w_a", lakes.session_id(1)): [received_chunk.facts.place for received_chunk in of_a],
        ("w_b", lakes.session_id(2)): [received_chunk.facts.place for received_chunk in of_b[:2]],
    }
    assert index.refresh() is before
    store.delete([first])
    assert places(index.refresh()) == {
        ("w_a", lakes.session_id(1)): [received_chunk.facts.place for received_chunk in of_a[1:]]
    }
    assert len(before.sessions) == 2, "a view that somebody holds does not change"
    store.delete([second])
    assert places(index.refresh()) == {}


@pytest.mark.fault(41)
def test_unreadable_segment_is_named_and_hides_no_other(store: Store) -> None:
    """Fault 41."""
    key = keys.segment_key(lakes.DAY, "poison")
    store.put(key, b"nothing")
    sent = lakes.session()
    lakes.append(store, sent)
    pending = PendingIndex(store).refresh()

    assert list(pending.damaged) == [key]
    assert places(pending) == {("w_a", lakes.session_id()): [a.facts.place for a in sent]}


@pytest.mark.fault(23)
def test_a_listing_that_shows_a_deleted_segment_shows_no_chunk(store: Store) -> None:
    """Fault 23."""
    sent = lakes.session()
    erased, _ = lakes.append(store, sent[:1], sent[1:])

    class Stale:
        def list(self, prefix: str) -> list[Any]:
            listed = list(store.list(prefix))
            store.delete([erased])
            return listed

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    stale: Any = Stale()
    index = PendingIndex(stale)

    assert list(places(index.refresh()).values()) == [[a.facts.place for a in sent[1:]]]


def test_refresh_sees_chunks_appended_before_it_in_any_thread(store: Store) -> None:
    index = PendingIndex(store)
    wrong: list[str] = []

    def follow(number: int) -> None:
        for received_chunk in lakes.session(number, chunk_count=6):
            lakes.append(store, [received_chunk], now_ms=lakes.NOW_MS + number)
            seen = places(index.refresh()).get(
                (received_chunk.website_id, received_chunk.session_id), []
            )
            if received_chunk.facts.place not in seen or len(seen) != len(set(seen)):
                wrong.append(f"{received_chunk.facts.place} not in {seen}")

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert sum(len(place) for place in places(index.refresh()).values()) == 36


def test_segment_larger_than_the_tail_read_is_read_whole(store: Store) -> None:
    small = [
        received_chunk for number in range(900) for received_chunk in lakes.session(number)[:2]
    ]
    (key,) = lakes.append(store, small)
    assert len(store.get(key)) > 128 * 1024

    assert len(PendingIndex(store).refresh().sessions) == 900
