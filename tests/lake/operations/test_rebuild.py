import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from lake.operations.check.run import check
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.repair import repair
from lake.raw import segment_file
from lake.raw.quarantine import POSITION_TAKEN
from lake.sessions.session_file import SessionFile
from lake.storage import keys
from lake.tables.daily_summary import summarise_day
from lake.tables.schemas import BY_SESSION
from tests.lake.operations.damage import CHECK_MS, file_of, rewrite
from tests.lake.operations.lakes import (
    DAY_MS,
    assert_same,
    broken,
    compacted,
    filled,
    killed_at,
    tables_of,
)
from tests.query_api.recorded import NOW_MS, Lakeful, moves, note, page, script_error

REBUILD = "from lake.operations.rebuild import rebuild; rebuild(store, settings)"


def test_tables_are_made_again_from_session_files_row_by_row(lakeful: Lakeful) -> None:
    filled(lakeful)
    before = tables_of(lakeful.settings)
    maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)

    done = rebuild(lakeful.store, lakeful.settings)
    assert (done.session_count, done.failed, done.recreated) == (9, {}, [])
    assert_same(tables_of(lakeful.settings), before)
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.parametrize("damage", ["gone", "garbage log"])
def test_tables_that_are_lost_come_back(lakeful: Lakeful, damage: str) -> None:
    filled(lakeful)
    before = tables_of(lakeful.settings)
    folder = Path(lakeful.settings.lake) / "tables"
    if damage == "gone":
        shutil.rmtree(folder)
    else:
        for log in folder.glob("*/_delta_log/*.json"):
            log.write_bytes(b"\0garbage")

    rebuild(lakeful.store, lakeful.settings)
    assert_same(tables_of(lakeful.settings), before)
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_rebuild_that_is_killed_is_done_again(lakeful: Lakeful) -> None:
    filled(lakeful)
    before = tables_of(lakeful.settings)
    killed_at("rebuild-after-delete", lakeful.settings, REBUILD)

    assert len(tables_of(lakeful.settings)["sessions"]) == 0
    rebuild(lakeful.store, lakeful.settings)
    assert_same(tables_of(lakeful.settings), before)


def test_generations_that_do_not_hold_each_other_are_merged(lakeful: Lakeful) -> None:
    """A compaction that ran while the tables were away knew nothing of the older file."""
    session, *_ = filled(lakeful, days_ago=(0,), each=1)
    shutil.rmtree(Path(lakeful.settings.lake) / "tables")
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    compacted(lakeful, {session.day})
    assert tables_of(lakeful.settings)["sessions"]["event_count"].to_list() == [7]

    done = rebuild(lakeful.store, lakeful.settings)
    assert (done.session_count, done.merged_count) == (1, 1)
    assert tables_of(lakeful.settings)["sessions"]["event_count"].to_list() == [49]
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("mend", ["rebuild", "repair"])
@pytest.mark.parametrize("has_more", [False, True])
def test_of_two_files_with_different_bytes_the_first_counts(
    lakeful: Lakeful, mend: str, has_more: bool
) -> None:
    """The second was compacted while the tables did not know of the first."""
    session = lakeful.session()
    first = session.chunks(page(session.began_ms))
    lakeful.append(first)
    compacted(lakeful, {session.day})
    (first_file,) = lakeful.store.list(keys.SESSIONS)
    for name in BY_SESSION:
        rewrite(lakeful, name, copies=0)
    events = moves(session.began_ms + 500, 3)
    raw = json.dumps(events).encode()
    other = session.chunk(raw, *first[0].facts.place)
    late = session.chunks(moves(session.began_ms + 9000, 7)) if has_more else []
    lakeful.append([other, *late])
    compacted(lakeful, {session.day})

    def swept() -> None:
        maintain(lakeful.store, lakeful.settings, now_ms=CHECK_MS)

    swept()
    matches = {entry.kind for entry in check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)}
    assert matches == {"unmerged"}
    assert first_file in lakeful.store.list(keys.SESSIONS)
    for _ in range(2):  # and then nothing changes any more
        if mend == "rebuild":
            assert rebuild(lakeful.store, lakeful.settings).failed == {}
        else:
            repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
        summarise_day(lakeful.store, session.day)
        swept()
        (item,) = lakeful.store.list(keys.SESSIONS)
        chunks = SessionFile(lakeful.store, item.key).header.chunks
        retained = sorted((first + late), key=lambda entry: entry.facts.place)
        assert [entry.content_key for entry in chunks] == [
            entry.facts.content_key for entry in retained
        ]
        assert tables_of(lakeful.settings)["sessions"]["event_count"].to_list() == [
            sum(entry.facts.event_count for entry in retained)
        ]
        (quarantined,) = lakeful.store.list(keys.QUARANTINE)
        (refused,) = segment_file.decode(lakeful.store.get(quarantined.key))
        assert refused.facts.content_key == other.facts.content_key
        assert json.loads(refused.payload) == events
        assert segment_file.quarantine_reason(lakeful.store.get(quarantined.key)) == POSITION_TAKEN
        matches = {entry.kind for entry in check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)}
        assert matches == {"quarantined-chunks"}


def test_conflicting_files_of_a_session_are_not_swept(lakeful: Lakeful) -> None:
    """The oldest tells which bytes were first, also where the newest holds all its chunks."""
    session = lakeful.session()
    first = session.chunks(page(session.began_ms))
    lakeful.append(first)
    compacted(lakeful, {session.day})
    first_file = file_of(lakeful.store, session)
    for name in BY_SESSION:
        rewrite(lakeful, name, copies=0)
    raw = json.dumps(moves(session.began_ms + 500, 3)).encode()
    lakeful.append([session.chunk(raw, *first[0].facts.place)])
    compacted(lakeful, {session.day})
    (disagrees,) = (i.key for i in lakeful.store.list(keys.SESSIONS) if i.key != first_file)
    body = lakeful.store.get(disagrees)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    rebuild(lakeful.store, lakeful.settings)
    compacted(lakeful, {session.day})
    lakeful.store.put(disagrees, body)  # as where the rebuild was killed before it removed it

    maintain(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    assert len(list(lakeful.store.list(keys.SESSIONS))) == 3
    repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    assert len(list(lakeful.store.list(keys.SESSIONS))) == 1
    rows = tables_of(lakeful.settings)["sessions"]
    assert rows["event_count"].to_list() == [len(page(0)) + 7]


@pytest.mark.fault(12)
def test_a_damaged_file_is_named_and_the_others_are_there(lakeful: Lakeful) -> None:
    """Fault 12."""
    filled(lakeful, days_ago=(0,))
    key = next(lakeful.store.list(keys.SESSIONS)).key
    body = bytearray(lakeful.store.get(key))
    body[len(body) // 2] ^= 4
    lakeful.store.put(key, bytes(body))

    done = rebuild(lakeful.store, lakeful.settings)
    assert list(done.failed) == [key]
    assert len(tables_of(lakeful.settings)["sessions"]) == 2


@pytest.mark.folder
@pytest.mark.parametrize("is_killed", [False, True])
def test_rebuild_and_compaction_restore_all_tables(lakeful: Lakeful, is_killed: bool) -> None:
    """Cold parts, websites, titles, triggers, people and errors, and chunks that wait."""
    other = lakeful.new_website(plan="scale")
    days = set()
    for ago in (0, 5, 40):
        for website in (lakeful.website, other):
            began_ms = NOW_MS - ago * DAY_MS
            session = lakeful.session(website, began_ms=began_ms)
            first = [
                *page(began_ms),
                note(began_ms + 5, "page", url="https://shop.example/cart", title="Cart"),
                note(began_ms + 9, "identify", id=f"user {ago}"),
                note(began_ms + 10, "trigger", kind="error"),
                script_error(began_ms + 20, f"day {ago}"),
            ]
            lakeful.append(session.chunks(first))
            lakeful.append(session.chunks(page(began_ms + 900), page_id=session.new_page()))
            days.add(session.day)
    compacted(lakeful, days)
    maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    waiting = lakeful.record(page(NOW_MS - 40 * DAY_MS), began_ms=NOW_MS - 40 * DAY_MS)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))  # cold, and late
    days.add(waiting.day)
    twin = Path(lakeful.settings.lake).with_name("twin")
    shutil.copytree(lakeful.settings.lake, twin)
    before = tables_of(lakeful.settings)
    assert len(before["pages"].filter(title="Cart")) == len(before["errors"]) == 6
    assert set(before["sessions"]["user_id"]) == {"user 0", "user 5", "user 40"}
    if is_killed:
        killed_at("rebuild-after-delete", lakeful.settings, REBUILD)

    rebuild(lakeful.store, lakeful.settings)
    assert_same(tables_of(lakeful.settings), before)
    assert broken(lakeful.store, lakeful.settings) == []
    compacted(lakeful, days)
    rebuilt = tables_of(lakeful.settings)
    assert broken(lakeful.store, lakeful.settings) == []
    shutil.rmtree(lakeful.settings.lake)
    twin.rename(lakeful.settings.lake)
    compacted(lakeful, days)
    assert_same(tables_of(lakeful.settings), rebuilt)


@pytest.mark.folder
def test_maintenance_before_a_rebuild_loses_nothing(
    lakeful: Lakeful,
) -> None:
    """Without rows all session files look like garbage, and they are all that is left."""
    session, *_ = filled(lakeful)
    before = tables_of(lakeful.settings)
    shutil.rmtree(Path(lakeful.settings.lake) / "tables")
    late = moves(session.began_ms + 9000, 7)
    lakeful.append(session.chunks(late))
    compacted(lakeful, {session.day})
    now_ms = int(datetime.now(UTC).timestamp() * 1000) + 3 * DAY_MS
    assert maintain(lakeful.store, lakeful.settings, now_ms=now_ms).orphan_files == 0

    rebuild(lakeful.store, lakeful.settings)
    events = before["sessions"]["event_count"].sum() + len(late)
    after = tables_of(lakeful.settings)
    assert after["sessions"]["event_count"].sum() == events
    assert_frame_equal(after["errors"], before["errors"])
    assert broken(lakeful.store, lakeful.settings) == []
