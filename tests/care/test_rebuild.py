import shutil
from pathlib import Path

import pytest

from lake import keys
from lake.maintenance import maintain
from lake.rebuild import rebuild
from tests.care.lakes import (
    assert_same,
    broken,
    compacted,
    filled,
    killed_at,
    tables_of,
)
from tests.query.recorded import NOW_MS, Lakeful, moves


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
    killed_at(
        "rebuild-after-delete",
        lakeful.settings,
        "from lake.rebuild import rebuild; rebuild(store, settings)",
    )

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
