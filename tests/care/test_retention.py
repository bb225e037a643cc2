import pytest

from lake import keys, websites
from lake.errors import SessionMissing
from lake.finding import find
from lake.listing import SessionQuery, list_sessions
from lake.retention import expire_day, expired_days
from lake.tables.table import Table
from lake.times import utc_day
from lake.view import Lake
from tests.care.lakes import DAY_MS, broken, compacted, filled, killed_at, tables_of
from tests.query.recorded import NOW_MS, Lakeful, Session, moves, page

PRO_DAYS = 60
EXPIRE = """
from lake.retention import expire_day, expired_days
for day in expired_days(store, now_ms=now_ms): expire_day(store, settings, day, now_ms=now_ms)
"""


def old(lakeful: Lakeful, days: int) -> Session:
    """Record and compact a session so many days ago, as of then."""
    began_ms = NOW_MS - days * DAY_MS
    lakeful.clock.ms = began_ms
    session = lakeful.record([*page(began_ms), *moves(began_ms + 9, 9)], began_ms=began_ms)
    compacted(lakeful, {session.day})
    lakeful.clock.ms = NOW_MS
    return session


def expire(lakeful: Lakeful) -> list[int]:
    days = expired_days(lakeful.store, now_ms=NOW_MS)
    return [
        expire_day(lakeful.store, lakeful.settings, day, now_ms=NOW_MS).session_count
        for day in days
    ]


def test_a_session_is_served_until_its_last_day_ends_and_never_after(lakeful: Lakeful) -> None:
    last, gone = old(lakeful, PRO_DAYS), old(lakeful, PRO_DAYS + 1)
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)

    rows = list_sessions(reader, lakeful.website, SessionQuery()).rows
    assert [row["session_id"] for row in rows] == [last.session_id]
    assert find(reader, lakeful.website, last.session_id).known
    with pytest.raises(SessionMissing):
        find(reader, lakeful.website, gone.session_id)


def test_an_expired_session_goes_with_all_that_belongs_to_it(any_lakeful: Lakeful) -> None:
    """Rows, file, waiting and quarantined chunks; a dry run before counts the same."""
    kept, gone = old(any_lakeful, PRO_DAYS), old(any_lakeful, PRO_DAYS + 1)
    page_id = next(iter(gone.page_seqs))
    any_lakeful.clock.ms = gone.began_ms
    any_lakeful.append([gone.chunk(b'[{"type":3,"timestamp":1}]', page_id, 0)])  # other bytes
    any_lakeful.compact(gone.day)
    any_lakeful.append(gone.chunks(moves(gone.began_ms + 5000, 4)))
    any_lakeful.clock.ms = NOW_MS
    assert any(any_lakeful.store.list(keys.QUARANTINE))

    assert expired_days(any_lakeful.store, now_ms=NOW_MS) == [gone.day]
    dry = expire_day(any_lakeful.store, any_lakeful.settings, gone.day, now_ms=NOW_MS, dry_run=True)
    assert (dry.session_count, dry.file_count, dry.quarantined_count) == (1, 1, 1)
    assert any(any_lakeful.store.list(keys.raw_prefix(gone.day)))
    assert expire(any_lakeful) == [1]
    everything = " ".join(item.key for item in any_lakeful.store.list(""))
    assert f"date={gone.day}" not in everything
    assert kept.session_id in everything
    rows = Table(any_lakeful.store, "sessions").snapshot().scan().collect()
    assert rows["session_id"].to_list() == [kept.session_id]
    assert broken(any_lakeful.store, any_lakeful.settings) == []
    assert expire(any_lakeful) == []


def test_another_website_keeps_what_its_own_plan_keeps(lakeful: Lakeful) -> None:
    lasting = lakeful.new_website(plan="enterprise")
    began_ms = NOW_MS - (PRO_DAYS + 1) * DAY_MS
    gone = lakeful.session(began_ms=began_ms)
    kept = lakeful.session(lasting, began_ms=began_ms)
    both = [*gone.chunks(page(began_ms)), *kept.chunks(page(began_ms))]
    lakeful.append(both)  # one segment holds both, and waits

    assert expire(lakeful) == [0]
    rows = tables_of(lakeful.settings)["sessions"]
    assert rows["session_id"].to_list() == [kept.session_id]
    assert not any(lakeful.store.list(keys.RAW))
    assert broken(lakeful.store, lakeful.settings) == []


def test_the_plan_at_the_run_counts(lakeful: Lakeful) -> None:
    session = old(lakeful, PRO_DAYS + 1)
    websites.change(lakeful.store, lakeful.website.website_id, {"plan": "scale"})

    assert expire(lakeful) == []
    assert tables_of(lakeful.settings)["sessions"]["session_id"].to_list() == [session.session_id]


@pytest.mark.parametrize("point", ["retention-after-rows", "retention-mid-delete"])
def test_a_retention_that_is_killed_is_finished_by_the_next(lakeful: Lakeful, point: str) -> None:
    for _ in range(3):
        old(lakeful, PRO_DAYS + 1)
    filled(lakeful, days_ago=(0,), each=3)
    killed_at(point, lakeful.settings, EXPIRE)

    assert [b.kind for b in broken(lakeful.store, lakeful.settings) if b.kind != "orphan"] == []
    expire(lakeful)
    assert broken(lakeful.store, lakeful.settings) == []
    assert f"date={utc_day(NOW_MS - (PRO_DAYS + 1) * DAY_MS)}" not in " ".join(
        item.key for item in lakeful.store.list("")
    )
    assert len(tables_of(lakeful.settings)["sessions"]) == 3
