from datetime import date

import pytest

from lake import ids
from lake.compaction import compact_day, due_days
from lake.raw import segment_writer
from lake.raw.pending_index import PendingIndex
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from tests.orchestration.lakes import NOW_MS, add_session, make_website

pytestmark = pytest.mark.also_on_s3

DAY = date(2026, 11, 24)


@pytest.fixture
def website_id(store: Store) -> str:
    return make_website(store)


def due(store: Store, settings: Settings, now_ms: int) -> dict[date, int]:
    return due_days(PendingIndex(store).refresh(), settings, now_ms)


def test_nothing_is_due_on_an_empty_lake(store: Store, settings: Settings) -> None:
    assert due(store, settings, NOW_MS) == {}


def test_a_day_is_due_once_a_session_is_silent(
    store: Store, settings: Settings, website_id: str
) -> None:
    add_session(store, settings, website_id, begins_ms=NOW_MS - 1000)
    silent_ms = NOW_MS + settings.compact_settled_s * 1000

    assert due(store, settings, silent_ms - 1) == {}
    assert due(store, settings, silent_ms) == {DAY: silent_ms}


def test_an_active_session_is_due_after_the_longest_wait(
    store: Store, settings: Settings, website_id: str
) -> None:
    session_id = add_session(store, settings, website_id, begins_ms=NOW_MS - 1000)
    waited_ms = NOW_MS + settings.compact_wait_s * 1000
    (first,) = PendingIndex(store).refresh().sessions[website_id, session_id]
    later = first.received_chunk._replace(
        received_at=(waited_ms - 10) * 1000,
        payload=b"[]",
    )

    segment_writer.append(store, [later], now_ms=waited_ms)

    assert due(store, settings, waited_ms - 1) == {}
    assert due(store, settings, waited_ms) == {DAY: waited_ms}


@pytest.mark.parametrize("early_ms", [1, 0])
def test_due_days_agree_with_the_compactor(
    early_ms: int, store: Store, settings: Settings, website_id: str
) -> None:
    add_session(store, settings, website_id, begins_ms=NOW_MS - 1000)
    now_ms = NOW_MS + settings.compact_settled_s * 1000 - early_ms

    done = compact_day(store, settings, DAY, now_ms=now_ms, settled_only=True)

    assert done.session_count == (0 if early_ms else 1)
    assert bool(due(store, settings, now_ms)) is False


@pytest.mark.fault(41)
def test_a_damaged_segment_is_due_at_once(store: Store, settings: Settings) -> None:
    """Fault 41."""
    store.put(keys.segment_key(DAY, ids.new_uuid7(NOW_MS)), b"no parquet")

    assert due(store, settings, NOW_MS) == {DAY: 0}
