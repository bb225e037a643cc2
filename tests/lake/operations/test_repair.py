import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lake.control import tombstones
from lake.erasure.removal import Removed, remove_sessions
from lake.operations.check.run import check
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.repair import repair
from lake.operations.repair_report import RepairReport
from lake.raw import segment_file
from lake.sessions.session_file import SessionFile
from lake.storage import keys
from lake.tables.delta_table import Table
from lake.tables.schemas import BY_SESSION
from tests.lake.operations.damage import CHECK_MS, DAMAGES, Damage, Sound, file_of, flip, rewrite
from tests.lake.operations.lakes import broken, filled, killed_at
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves

pytestmark = pytest.mark.folder


def damages(choice: Iterable[Damage], alike: Callable[[Damage], object]) -> list[Any]:
    """Return damages as parameters; of those that are alike all but the first are `long`."""
    seen = set()
    parameters = []
    for damage in choice:
        marks = (pytest.mark.long,) if alike(damage) in seen else ()
        seen.add(alike(damage))
        parameters.append(pytest.param(damage, id=damage.name, marks=marks))
    return parameters


def name_without_position(damage: Damage) -> str:
    return re.sub(r"[0-9]+%", "", damage.name)


def kinds_of(damage: Damage) -> tuple[frozenset[str], bool]:
    return frozenset(damage.kinds), damage.mended


MENDED = [damage for damage in DAMAGES if damage.mended]
REPAIR = f"from lake.operations.repair import repair; repair(store, settings, now_ms={CHECK_MS})"
# What can be lost with a damage, at most: of these the only file was spoiled.
SPOILED = ("file missing", "file cut", "file swapped", "bit at")


def repaired(lakeful: Lakeful, *, dry_run: bool = False) -> RepairReport:
    return repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS, dry_run=dry_run)


def kinds(lakeful: Lakeful) -> set[str]:
    """What is broken; what a repair moved to quarantine stays there until somebody removes it."""
    findings = check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    return {finding.kind for finding in findings if not finding.kind.startswith("quarantined-")}


def all_rows(
    lakeful: Lakeful, without: Session | None = None, *, chunks: bool = False
) -> dict[str, pl.DataFrame]:
    """Rows with nothing but what they mean, of all sessions but one; `chunks`: only hot ones."""
    result = {}
    for name in BY_SESSION:
        rows = Table(lakeful.store, name).snapshot().scan().collect()
        if without is not None:
            rows = rows.filter(pl.col("session_id") != without.session_id)
        result[name] = (rows if chunks else rows.drop("chunks", strict=False)).sort(pl.all())
    return result


def same(first: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for name in BY_SESSION:
        assert_frame_equal(first[name], other[name])


def chunk_places(lakeful: Lakeful) -> set[tuple[str, str, int]]:
    """Every chunk that waits or is in a session's file that a row points at."""

    def places() -> Iterator[tuple[str, str, int]]:
        for item in lakeful.store.list(keys.RAW):
            for entry in segment_file.decode(lakeful.store.get(item.key)):
                yield entry.session_id, *entry.facts.place
        rows = Table(lakeful.store, "sessions").snapshot().scan().collect()
        for row in rows.iter_rows(named=True):
            key = keys.session_file_key(
                row["started_at"].date(),
                row["website_id"],
                row["session_id"],
                row["file_sha256"][:16],
            )
            for chunk in SessionFile(lakeful.store, key).header.chunks:
                yield row["session_id"], *chunk.place

    return set(places())


@pytest.mark.sample(12)
@pytest.mark.fault(12)
@pytest.mark.parametrize("damage", damages(MENDED, name_without_position))
def test_a_damage_is_mended_and_all_else_is_as_before(sound: Sound, damage: Damage) -> None:
    lakeful, sessions = sound
    # What has lost its rows begins hot again, where chunks stand in a row.
    chunks = damage.name != "file without rows"
    before, places = all_rows(lakeful, chunks=chunks), chunk_places(lakeful)
    damage.do(lakeful, sessions)
    spoiled = [sessions[0]] if damage.name.startswith(SPOILED) else []
    if "segment" in damage.name:
        spoiled = []

    repaired(lakeful)
    assert kinds(lakeful) == set()
    if spoiled:
        same(all_rows(lakeful, spoiled[0], chunks=chunks), all_rows_of(before, spoiled[0]))
    else:
        same(all_rows(lakeful, chunks=chunks), before)
    lost = places - chunk_places(lakeful)
    if "segment" not in damage.name:
        assert {session_id for session_id, *_ in lost} == {item.session_id for item in spoiled}
    again = repaired(lakeful)
    assert again.done == []
    assert all(item.where.startswith(keys.QUARANTINE) for item in again.left)


def all_rows_of(rows: dict[str, pl.DataFrame], without: Session) -> dict[str, pl.DataFrame]:
    return {
        name: frame.filter(pl.col("session_id") != without.session_id)
        for name, frame in rows.items()
    }


@pytest.mark.sample(8)
@pytest.mark.parametrize("damage", damages(DAMAGES, kinds_of))
def test_a_dry_run_changes_nothing_and_speaks_of_each_damage(sound: Sound, damage: Damage) -> None:
    damage.do(*sound)
    lakeful = sound.lakeful
    before = {item.key: lakeful.store.get(item.key) for item in lakeful.store.list("")}

    recorded = repaired(lakeful, dry_run=True)
    assert bool(recorded.done) == (bool(damage.kinds) and damage.mended)
    assert bool(recorded.left) == (not damage.mended) or "website-unknown" in damage.kinds
    assert {item.key: lakeful.store.get(item.key) for item in lakeful.store.list("")} == before


@pytest.mark.parametrize(
    "damage",
    [item for item in DAMAGES if "table" in next(iter(item.kinds), "") and not item.mended],
    ids=lambda damage: damage.name,
)
def test_tables_that_cannot_be_read_are_rebuilt_as_repair_says(
    sound: Sound, damage: Damage
) -> None:
    lakeful, sessions = sound
    before = all_rows(lakeful)
    damage.do(lakeful, sessions)
    assert {item.what for item in repaired(lakeful).left} == {"run `replaylake rebuild`"}

    rebuild(lakeful.store, lakeful.settings)
    assert kinds(lakeful) == set()
    same(all_rows(lakeful), before)


def test_a_damaged_file_is_kept_with_the_reason(sound: Sound) -> None:
    lakeful, (session, *_) = sound
    key = file_of(lakeful.store, session)
    flip(lakeful.store, key, 100)
    spoiled = lakeful.store.get(key)

    repaired(lakeful)
    quarantined = keys.quarantined_object_key(key)
    assert lakeful.store.get(quarantined) == spoiled
    assert b"a bit has flipped" in lakeful.store.get(keys.quarantine_reason_key(quarantined))
    assert list(lakeful.store.list(key)) == []


def test_newest_readable_generation_replaces_a_damaged_one(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,))
    older = file_of(lakeful.store, session)
    before = all_rows(lakeful)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    lakeful.compact(session.day)
    newest = next(
        item.key for item in lakeful.store.list(older.partition(".")[0]) if item.key != older
    )
    flip(lakeful.store, newest, 300)

    repaired(lakeful)
    assert kinds(lakeful) == set()
    same(all_rows(lakeful), before)


def test_chunks_that_only_a_former_file_holds_are_merged_back(lakeful: Lakeful) -> None:
    """As after tables that were lost, and compacted into before the rebuild."""
    session, *_ = filled(lakeful, days_ago=(0,))
    for name in BY_SESSION:
        rewrite(lakeful, name, session, copies=0)
    lakeful.append(session.chunks(moves(session.began_ms + 9000, 7)))
    lakeful.compact(session.day)
    assert kinds(lakeful) == {"unmerged", "summary-stale"}

    maintain(lakeful.store, lakeful.settings, now_ms=CHECK_MS)  # sweeps, but not this
    assert "unmerged" in kinds(lakeful)
    repaired(lakeful)
    assert kinds(lakeful) == set()
    rows = all_rows(lakeful)["sessions"].filter(session_id=session.session_id)
    assert rows["event_count"].to_list() == [49]


def test_a_damaged_payload_costs_only_its_chunk(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,), each=1)
    sent = session.chunks(moves(session.began_ms + 9000, 60), size=10)
    (key,) = lakeful.append(sent)
    body = lakeful.store.get(key)
    flip(lakeful.store, key, body.index(sent[2].payload) + 20)
    assert kinds(lakeful) == {"segment-damaged"}

    repaired(lakeful)
    (item,) = lakeful.store.list(keys.RAW)
    left = {entry.facts.place for entry in segment_file.decode(lakeful.store.get(item.key))}
    assert left == {entry.facts.place for entry in sent} - {sent[2].facts.place}
    (quarantined,) = lakeful.store.list(keys.QUARANTINE)
    reason = segment_file.quarantine_reason(lakeful.store.get(quarantined.key))
    assert reason
    assert len(segment_file.decode(lakeful.store.get(quarantined.key))) == 1
    assert kinds(lakeful) == set()


def test_a_repair_that_is_killed_is_finished_by_the_next(sound: Sound) -> None:
    lakeful, (session, *_) = sound
    before = all_rows(lakeful, session)
    flip(lakeful.store, file_of(lakeful.store, session), 200)
    killed_at("repair-after-quarantine", lakeful.settings, REPAIR)

    repaired(lakeful)
    assert kinds(lakeful) == set()
    same(all_rows(lakeful), before)
    assert any(lakeful.store.list(keys.QUARANTINE))


def test_what_is_erased_gets_no_rows_again(lakeful: Lakeful) -> None:
    session, other, *_ = filled(lakeful, days_ago=(0,))
    for item in (session, other):
        for name in BY_SESSION:
            rewrite(lakeful, name, item, copies=0)
    tombstones.add(lakeful.store, session.website_id, sessions=[session.session_id])
    assert kinds(lakeful) == {"erased-still-there", "orphan", "summary-stale"}

    repaired(lakeful)
    rows = all_rows(lakeful)["sessions"]["session_id"].to_list()
    assert session.session_id not in rows
    assert other.session_id in rows
    assert kinds(lakeful) == {"erased-still-there"}


def test_wrong_rows_of_an_erased_session_are_removed(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,))
    rewrite(lakeful, "sessions", session, pl.lit(1, pl.Int64).alias("event_count"))
    tombstones.add(lakeful.store, session.website_id, sessions=[session.session_id])

    repaired(lakeful)
    assert session.session_id not in all_rows(lakeful)["sessions"]["session_id"].to_list()
    assert kinds(lakeful) == {"erased-still-there"}  # its file


def test_scores_are_mended_as_all_else(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,))
    before = all_rows(lakeful)
    rewrite(lakeful, "sessions", session, pl.lit(40, pl.Int32).alias("frustration_score"))
    rewrite(lakeful, "signals", copies=0)
    assert kinds(lakeful) == {"row-wrong", "summary-stale"}

    repaired(lakeful)
    same(all_rows(lakeful), before)


def test_what_is_sound_is_left_alone(sound: Sound) -> None:
    lakeful = sound.lakeful
    versions = {name: Table(lakeful.store, name).snapshot().version for name in BY_SESSION}

    assert repaired(lakeful) == RepairReport()
    assert {n: Table(lakeful.store, n).snapshot().version for n in BY_SESSION} == versions
    assert broken(lakeful.store, lakeful.settings) == []
    assert NOW_MS < CHECK_MS


def test_what_was_put_aside_of_a_session_is_erased_with_it(lakeful: Lakeful) -> None:
    session, *_ = filled(lakeful, days_ago=(0,))
    flip(lakeful.store, file_of(lakeful.store, session), 100)
    repaired(lakeful)
    quarantined = [item.key for item in lakeful.store.list(keys.QUARANTINE)]
    assert len([key for key in quarantined if session.session_id in key]) == 2

    tombstones.add(lakeful.store, session.website_id, sessions=[session.session_id])
    assert kinds(lakeful) == {"erased-still-there"}
    remove_sessions(lakeful.store, session.website_id, [session.session_id], Removed())
    assert list(lakeful.store.list(keys.QUARANTINE)) == []
    assert kinds(lakeful) == set()
