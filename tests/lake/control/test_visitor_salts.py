import pytest

from lake.control import visitor_salts
from lake.control.visitor_salts import Salts
from lake.storage import keys
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000  # 2026-11-18T11:06:40Z
DAY_MS = 86_400_000


def test_visitor_id_is_stable_per_day_on_all_replicas(store: Store) -> None:
    replica, other_replica = Salts(store), Salts(store)
    first = replica.visitor_id("w_a", "192.0.2.1", "UA", now_ms=NOW_MS)

    assert len(bytes.fromhex(first)) == 16
    assert other_replica.visitor_id("w_a", "192.0.2.1", "UA", now_ms=NOW_MS + 3_600_000) == first
    others = {
        replica.visitor_id("w_b", "192.0.2.1", "UA", now_ms=NOW_MS),
        replica.visitor_id("w_a", "192.0.2.2", "UA", now_ms=NOW_MS),
        replica.visitor_id("w_a", "192.0.2.1", "UB", now_ms=NOW_MS),
        replica.visitor_id("w_a", "192.0.2.1", "UA", now_ms=NOW_MS + DAY_MS),
    }
    assert len(others | {first}) == 5


def test_only_the_first_call_of_a_day_reads_the_store(store: Store) -> None:
    salts = Salts(store)
    assert not salts.is_ready(now_ms=NOW_MS)
    salts.visitor_id("w_a", "192.0.2.1", "\ud800", now_ms=NOW_MS)

    assert salts.is_ready(now_ms=NOW_MS)
    assert not salts.is_ready(now_ms=NOW_MS + DAY_MS)
    for i in range(5):
        salts.visitor_id("w_a", "", "", now_ms=NOW_MS + i * DAY_MS)
    assert not salts.is_ready(now_ms=NOW_MS)


def test_salts_are_destroyed_after_48_hours(store: Store) -> None:
    salts = Salts(store)
    began_ms = NOW_MS - NOW_MS % DAY_MS
    for i in range(3):
        salts.visitor_id("w_a", "", "", now_ms=began_ms + i * DAY_MS)
    store.put(keys.SALTS + "note.txt", b"")

    assert visitor_salts.destroy_old(store, now_ms=began_ms + 2 * DAY_MS - 1) == 0
    assert visitor_salts.destroy_old(store, now_ms=began_ms + 2 * DAY_MS) == 1
    assert [item.key for item in store.list(keys.SALTS)] == [
        "control/salts/2026-11-19.json",
        "control/salts/2026-11-20.json",
        "control/salts/note.txt",
    ]


@pytest.mark.parametrize("body", [b"{}", b"\xff", b'{"salt":"zz"}', b'{"salt":""}', b""])
def test_a_damaged_salt_is_replaced_for_all_processes(store: Store, body: bytes) -> None:
    store.put("control/salts/2026-11-18.json", body)

    first = Salts(store).visitor_id("w_a", "", "", now_ms=NOW_MS)

    assert Salts(store).visitor_id("w_a", "", "", now_ms=NOW_MS) == first
