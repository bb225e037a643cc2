from pathlib import Path

import pytest

from lake.operations.check.run import check
from lake.raw.quarantine import quarantine_segment
from lake.storage import keys
from lake.tables.delta_table import Table
from tests.lake.operations.damage import CHECK_MS, DAMAGES, Damage, Sound, file_of, flip
from tests.lake.operations.lakes import broken, compacted, filled
from tests.query_api.recorded import Lakeful, moves


def kinds(lakeful: Lakeful) -> set[str]:
    return {item.kind for item in check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)}


def test_a_sound_lake_has_nothing_to_say_waiting_chunks_included(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))

    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.sample(20)
@pytest.mark.folder
@pytest.mark.fault(12, 20)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_a_damage_is_named_for_what_it_is(sound: Sound, damage: Damage) -> None:
    damage.do(*sound)
    lakeful = sound.lakeful

    assert kinds(lakeful) == damage.kinds


@pytest.mark.fault(12)
def test_a_bit_that_flips_anywhere_in_a_session_file_is_found(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,), each=1)
    key = file_of(lakeful.store, session)
    size = len(lakeful.store.get(key))

    for at in range(0, size, max(1, size // 40)):
        flip(lakeful.store, key, at, at % 8)
        assert kinds(lakeful) == {"session-file-damaged"}, at
        flip(lakeful.store, key, at, at % 8)
    assert kinds(lakeful) == set()


@pytest.mark.folder
@pytest.mark.fault(12)
def test_a_bit_flip_that_changes_a_table_row_is_detected(lakeful: Lakeful) -> None:
    """Parquet pages of the tables have no checksums: what reads otherwise must be told."""
    filled(lakeful, days_ago=(5,))
    table = Table(lakeful.store, "sessions")
    file = table.snapshot().files[0]
    path, rows = Path(file.uri), table.snapshot().scan([file]).collect()
    body = path.read_bytes()
    harmful = 0
    for at in range(4, len(body), max(1, len(body) // 60)):
        path.write_bytes(body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :])
        try:
            is_same = table.snapshot().scan([file]).collect().equals(rows)
        except BaseException:  # a panic of Polars is no Exception
            is_same = False
        if not is_same:
            harmful += 1
            assert kinds(lakeful), at
    assert harmful > 10


def test_a_quarantined_segment_is_named_with_its_chunks(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,), each=1)
    (key,) = lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    flip(lakeful.store, key, -1)
    assert quarantine_segment(lakeful.store, key)

    (result,) = check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    (item,) = lakeful.store.list(keys.QUARANTINE)
    assert (result.kind, result.where) == ("quarantined-segment", item.key)


def test_a_stale_summary_is_made_anew_by_the_next_run(sound: Sound) -> None:
    damage = next(item for item in DAMAGES if item.name == "summary stale")
    lakeful, sessions = sound
    damage.do(lakeful, sessions)
    compacted(lakeful, {session.day for session in sessions})

    assert kinds(lakeful) == set()
