import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from typer.testing import CliRunner

from assets.resources import LakeResource
from assets.retention import expired_sessions
from lake.compaction import compact_day
from lake.control import websites
from lake.errors import Conflict, SessionMissing
from lake.raw import segment_file
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.reading.session_lookup import resolve_session
from lake.retention import removal
from lake.retention.removal import PLAN, UNREADABLE
from lake.retention.run import expire_day, expired_days
from lake.storage import keys
from lake.storage.local import LocalStore
from lake.tables import session_rows
from lake.tables.cold_layout import move_to_cold
from lake.tables.delta_table import Table
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import files_of_day, on_day, remove
from lake.timestamps import utc_day
from orchestration.cli import app
from tests.lake.operations.expired import (
    OVER_MS,
    PRO_DAYS,
    at_point,
    everything,
    expire,
    old,
    old_with_all,
)
from tests.lake.operations.lakes import broken, compacted, filled, killed_at, tables_of
from tests.query_api.recorded import NOW_MS, Lakeful, moves, page
from tests.support.processes import environ_of

EXPIRE = """
from lake.retention.run import expire_day, expired_days
for day in expired_days(store, settings, now_ms=now_ms):
    expire_day(store, settings, day, now_ms=now_ms)
"""
ONE_BY_ONE = "from lake.retention import removal; removal._DELETED_AT_ONCE = 1\n"


def counts(lakeful: Lakeful) -> list[int]:
    return [item.session_count for item in expire(lakeful)]


def session_ids(lakeful: Lakeful, name: str = "sessions") -> set[str]:
    rows = Table(lakeful.store, name).snapshot().scan()
    return set(rows.select("session_id").collect()["session_id"])


def change_plan(lakeful: Lakeful, plan: str) -> None:
    websites.change(lakeful.store, lakeful.website.website_id, {"plan": plan})


def test_a_session_is_served_until_its_last_day_ends(lakeful: Lakeful) -> None:
    last, erased = old(lakeful, PRO_DAYS), old(lakeful, PRO_DAYS + 1)
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)

    rows = list_sessions(reader, lakeful.website, SessionQuery()).rows
    assert [row["session_id"] for row in rows] == [last.session_id]
    assert resolve_session(reader, lakeful.website, last.session_id).compacted
    with pytest.raises(SessionMissing):
        resolve_session(reader, lakeful.website, erased.session_id)


@pytest.mark.also_on_s3
def test_an_expired_session_goes_with_all_that_belongs_to_it(lakeful: Lakeful) -> None:
    """Rows, file, waiting and quarantined chunks; a dry run before counts the same."""
    retained, erased = old(lakeful, PRO_DAYS), old_with_all(lakeful)
    assert any(lakeful.store.list(keys.QUARANTINE))
    assert any(lakeful.store.list(keys.raw_prefix(erased.day)))

    (dry,) = expire(lakeful, dry_run=True)
    assert (dry.day, dry.session_count, dry.object_count) == (erased.day, 1, 3)
    assert (dry.file_count, dry.segment_count, dry.quarantined_count) == (1, 1, 1)
    assert dry.sessions == [(erased.website_id, erased.session_id)]
    bodies = everything(lakeful)
    assert dry.size_bytes == sum(
        len(body) for key, body in bodies.items() if f"date={erased.day}" in key
    )
    (done,) = expire(lakeful)
    assert (done.session_count, done.object_count, done.size_bytes) == (1, 3, dry.size_bytes)
    assert done.by_website == {erased.website_id: 1}
    assert done.kept == {}
    left = " ".join(everything(lakeful))
    assert f"date={erased.day}" not in left
    assert retained.session_id in left
    for name in ("sessions", "pages", "session_files"):
        assert session_ids(lakeful, name) == {retained.session_id}
    assert broken(lakeful.store, lakeful.settings) == []
    assert expire(lakeful) == []


def test_a_dry_run_changes_no_byte(lakeful: Lakeful) -> None:
    old_with_all(lakeful)
    both(lakeful)
    before = everything(lakeful)

    assert [item.session_count for item in expire(lakeful, dry_run=True)] == [2]
    assert everything(lakeful) == before


def test_a_dry_run_names_a_thousand_sessions_and_no_more(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_LISTED_MAX", 2)
    ids = sorted(old(lakeful).session_id for _ in range(3))

    (dry,) = expire(lakeful, dry_run=True)
    assert dry.session_count == 3
    assert [session_id for _, session_id in dry.sessions] == ids[:2]


def both(lakeful: Lakeful) -> tuple[str, str]:
    """Let chunks of two websites wait in one segment; return who goes and who stays."""
    lasting = lakeful.new_website(plan="enterprise")
    erased = lakeful.session(began_ms=OVER_MS)
    retained = lakeful.session(lasting, began_ms=OVER_MS)
    lakeful.append([*erased.chunks(page(OVER_MS)), *retained.chunks(page(OVER_MS))])
    return erased.session_id, retained.session_id


def test_another_website_keeps_what_its_own_plan_keeps(lakeful: Lakeful) -> None:
    erased, retained = both(lakeful)  # one segment holds both, and waits

    (done,) = expire(lakeful)
    assert (done.session_count, done.segment_count) == (1, 1)
    assert done.kept == {PLAN: 1}
    (segment,) = lakeful.store.list(keys.RAW)
    (received_chunk,) = segment_file.decode(lakeful.store.get(segment.key))
    assert received_chunk.session_id == retained
    compacted(lakeful, {utc_day(OVER_MS)})
    assert tables_of(lakeful.settings)["sessions"]["session_id"].to_list() == [retained]
    assert broken(lakeful.store, lakeful.settings) == []
    assert expire(lakeful) == []
    assert erased not in " ".join(everything(lakeful))


def test_rows_of_another_website_of_the_same_day_and_part_stay(lakeful: Lakeful) -> None:
    lasting = lakeful.new_website(plan="enterprise")
    old(lakeful)
    retained = old(lakeful, website=lasting)

    (done,) = expire(lakeful)
    assert (done.by_website, done.kept) == ({lakeful.website.website_id: 1}, {PLAN: 1})
    assert session_ids(lakeful) == session_ids(lakeful, "pages") == {retained.session_id}
    assert broken(lakeful.store, lakeful.settings) == []


def hours(lakeful: Lakeful, count: int) -> None:
    """Record and compact a session of an expired website and one of another in some hours."""
    lakeful.clock.ms = OVER_MS
    for hour in range(count):
        for website in (lakeful.website, lakeful.new_website(plan="enterprise")):
            began_ms = OVER_MS + hour * 3_600_000
            lakeful.record(page(began_ms), website, began_ms=began_ms)
    lakeful.compact(utc_day(OVER_MS))
    lakeful.clock.ms = NOW_MS


@pytest.mark.parametrize(("is_cold", "commits"), [(False, 3), (True, 1)])
def test_rows_go_part_by_part_and_the_rest_of_a_part_stays(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, is_cold: bool, commits: int
) -> None:
    """As many parts in a commit as bound what it holds: an hour's here, or a month's."""
    monkeypatch.setattr(session_rows, "_ROWS_MAX", 1)
    hours(lakeful, 3)
    if is_cold:
        move_to_cold(lakeful.store, utc_day(NOW_MS))
    before = Table(lakeful.store, "sessions").snapshot()

    (done,) = expire(lakeful)
    after = Table(lakeful.store, "sessions").snapshot()
    assert (done.session_count, done.kept) == (3, {PLAN: 3})
    assert sum(file.row_count for file in after.files) == 3
    assert after.version - before.version == commits
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_part_that_moves_between_two_commits_is_a_conflict(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else rows that became cold meanwhile would be taken for removed."""
    monkeypatch.setattr(session_rows, "_ROWS_MAX", 0)
    hours(lakeful, 2)
    day = utc_day(OVER_MS)
    table = Table(lakeful.store, "sessions")
    mine = on_day(day) & (pl.col("website_id") == lakeful.website.website_id)
    replace = Table.replace
    counts: list[int] = []

    def moved(moved_table: Table, *rest: Any) -> None:
        replace(moved_table, *rest)
        monkeypatch.setattr(Table, "replace", replace)
        move_to_cold(lakeful.store, utc_day(NOW_MS))

    snapshot = table.snapshot()
    monkeypatch.setattr(Table, "replace", moved)
    with pytest.raises(Conflict):
        remove(table, snapshot, files_of_day(snapshot, day), mine, count=counts.append)
    assert counts == [1]
    again = table.snapshot()
    remove(table, again, files_of_day(again, day), mine, count=counts.append)
    assert counts == [1, 1]
    assert len(session_ids(lakeful)) == 2


def test_retention_deletes_a_thousand_objects_at_once(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        old(lakeful)
    old(lakeful, website=lakeful.new_website())
    monkeypatch.setattr(removal, "_DELETED_AT_ONCE", 2)
    steps: list[str] = []
    store = Observed(Path(lakeful.settings.lake), steps)

    expire_day(store, lakeful.settings, utc_day(OVER_MS), now_ms=NOW_MS)
    assert steps == ["listed", "listed", "deleted 2", "listed", "listed", "deleted 2"]
    assert not any(store.list(keys.SESSIONS))


class Observed(LocalStore):
    """A folder that says what is done with session files."""

    def __init__(self, root: Path, steps: list[str]) -> None:
        super().__init__(root)
        self._steps = steps

    def list(self, prefix: str, *, start_after: str = "") -> Any:
        for item in super().list(prefix, start_after=start_after):
            # A website's folder, not the look at who has one.
            if prefix.startswith(keys.SESSIONS) and prefix.count("/") == 3:
                self._steps.append("listed")
            yield item

    def delete(self, keys_: Iterable[str]) -> None:
        batch = list(keys_)
        if any(key.startswith(keys.SESSIONS) for key in batch):
            self._steps.append(f"deleted {len(batch)}")
        super().delete(batch)


def test_the_plan_at_the_run_counts(lakeful: Lakeful) -> None:
    session = old(lakeful)
    change_plan(lakeful, "scale")

    assert expire(lakeful) == []
    assert session_ids(lakeful) == {session.session_id}


@pytest.mark.fault(46)
def test_retention_after_a_downgrade_uses_the_lower_plan(
    lakeful: Lakeful,
) -> None:
    """Fault 46. An upgrade before that run keeps it all."""
    change_plan(lakeful, "enterprise")
    erased, retained = old(lakeful), old(lakeful, PRO_DAYS)
    assert expire(lakeful) == []
    change_plan(lakeful, "pro")
    change_plan(lakeful, "enterprise")
    assert expire(lakeful) == []

    change_plan(lakeful, "pro")
    assert counts(lakeful) == [1]
    assert session_ids(lakeful) == {retained.session_id}
    assert erased.session_id not in " ".join(everything(lakeful))


@pytest.mark.sample(3)
@pytest.mark.fault(46)
@pytest.mark.parametrize(
    "point",
    [
        "compact-after-session-file",
        "compact-before-sessions-commit",
        "compact-after-sessions-commit",
    ],
)
@pytest.mark.parametrize("has_rows", [True, False])
def test_retention_amid_a_compaction_leaves_nothing(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, point: str, has_rows: bool
) -> None:
    """Fault 46. The compaction read the old plan; its session is never served, and goes."""
    change_plan(lakeful, "enterprise")
    others = filled(lakeful, days_ago=(0,), each=2)
    if has_rows:
        old(lakeful)
    lakeful.clock.ms = OVER_MS
    session = lakeful.record([*page(OVER_MS), *moves(OVER_MS + 9, 9)], began_ms=OVER_MS)
    lakeful.clock.ms = NOW_MS

    def overtake() -> None:
        change_plan(lakeful, "pro")
        expire(lakeful)

    at_point(monkeypatch, point, overtake)
    compact_day(lakeful.store, lakeful.settings, session.day, now_ms=OVER_MS)
    lakeful.clock.tick()
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    website = websites.get(lakeful.store, lakeful.website.website_id)
    with pytest.raises(SessionMissing):
        resolve_session(reader, website, session.session_id)

    expire(lakeful)
    for name in BY_SESSION:
        assert session.session_id not in session_ids(lakeful, name)
    assert session_ids(lakeful) == {other.session_id for other in others}
    assert f"date={session.day}" not in " ".join(everything(lakeful))
    assert broken(lakeful.store, lakeful.settings) == []
    assert expire(lakeful) == []


def test_compaction_amid_a_retention_restores_nothing(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased, retained = both(lakeful)
    more = old_with_all(lakeful)
    for point in ("retention-after-rows", "retention-mid-delete"):
        at_point(monkeypatch, point, lambda: lakeful.compact(more.day))
        expire(lakeful)

    assert session_ids(lakeful) == {retained}
    assert erased not in " ".join(everything(lakeful))
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("point", "code"),
    [
        ("retention-after-rows", EXPIRE),
        *((f"retention-mid-delete@{number}", ONE_BY_ONE + EXPIRE) for number in range(1, 8)),
    ],
)
def test_a_retention_that_is_killed_is_finished_by_the_next(
    lakeful: Lakeful, point: str, code: str
) -> None:
    """One segment, then four files, then what was put aside: cut off after each of them."""
    for _ in range(3):
        old(lakeful)
    old_with_all(lakeful)
    retained = filled(lakeful, days_ago=(0,), each=3)
    assert len(expire(lakeful, dry_run=True)) == 1
    killed_at(point, lakeful.settings, code)

    matches = {b.kind for b in broken(lakeful.store, lakeful.settings)}
    assert matches <= {"orphan", "quarantined-chunks"}
    expire(lakeful)
    assert broken(lakeful.store, lakeful.settings) == []
    assert f"date={utc_day(OVER_MS)}" not in " ".join(everything(lakeful))
    assert session_ids(lakeful) == {session.session_id for session in retained}


def test_quarantine_is_rewritten_without_expired_chunks(
    lakeful: Lakeful,
) -> None:
    lasting = lakeful.new_website(plan="enterprise")
    erased = lakeful.session(began_ms=OVER_MS)
    retained = lakeful.session(lasting, began_ms=OVER_MS)
    chunks = [*erased.chunks(page(OVER_MS)), *retained.chunks(page(OVER_MS))]
    day = utc_day(OVER_MS)
    lakeful.store.put(
        keys.quarantined_segment_key(day, "x"), segment_file.encode(chunks, reason="why")
    )

    (dry,) = expire(lakeful, dry_run=True)
    (done,) = expire(lakeful)
    assert done.quarantined_count == 1
    assert done.size_bytes == dry.size_bytes == len(chunks[0].payload)
    (item,) = lakeful.store.list(keys.QUARANTINE)
    body = lakeful.store.get(item.key)
    assert segment_file.decode(body) == chunks[1:]
    assert segment_file.quarantine_reason(body) == "why"
    assert expire(lakeful) == []


def test_a_session_file_that_was_put_aside_goes_with_its_reason(lakeful: Lakeful) -> None:
    lasting = lakeful.new_website(plan="enterprise")
    for session in (old(lakeful), old(lakeful, website=lasting)):
        (item,) = lakeful.store.list(keys.session_prefix(session.day, session.website_id))
        quarantined = keys.quarantined_object_key(item.key)
        lakeful.store.put(keys.quarantine_reason_key(quarantined), b"why")
        lakeful.store.put(quarantined, lakeful.store.get(item.key))

    expire(lakeful)
    left = [item.key for item in lakeful.store.list(keys.QUARANTINE)]
    assert len(left) == 2
    assert all(lasting.website_id in key for key in left)


def test_what_nobody_can_read_goes_once_nobody_keeps_the_day(lakeful: Lakeful) -> None:
    lasting = lakeful.new_website(plan="enterprise")
    old(lakeful)
    key = keys.quarantined_segment_key(utc_day(OVER_MS), "x")
    lakeful.store.put(key, b"no segment")
    lakeful.store.put(keys.quarantine_reason_key(key), b"why")

    (done,) = expire(lakeful)
    assert done.kept == {UNREADABLE: 1}
    assert expire(lakeful) == []
    websites.change(lakeful.store, lasting.website_id, {"plan": "pro"})
    assert [item.quarantined_count for item in expire(lakeful)] == [1]
    assert not any(lakeful.store.list(keys.QUARANTINE))


def test_a_damaged_website_expires_nothing_and_stops_no_other(
    lakeful: Lakeful,
) -> None:
    other = lakeful.new_website()
    retained, erased = old(lakeful), old(lakeful, website=other)
    lakeful.store.put(keys.website_key(lakeful.website.website_id), b"{")

    (done,) = expire(lakeful)
    assert list(done.failed) == [lakeful.website.website_id]
    assert done.by_website == {other.website_id: 1}
    assert session_ids(lakeful) == {retained.session_id}
    assert erased.session_id not in " ".join(everything(lakeful))


def test_rows_whose_files_are_gone_are_found_and_removed(lakeful: Lakeful) -> None:
    """As of a compaction that slept through a retention."""
    session = old(lakeful)
    lakeful.store.delete([item.key for item in lakeful.store.list(keys.SESSIONS)])

    assert expired_days(lakeful.store, lakeful.settings, now_ms=NOW_MS) == [session.day]
    expire(lakeful)
    assert all(not session_ids(lakeful, name) for name in BY_SESSION)
    assert expire(lakeful) == []


def test_former_table_files_are_there_for_the_next_vacuum(lakeful: Lakeful) -> None:
    old(lakeful)
    table = Table(lakeful.store, "sessions")
    paths = table.paths()

    expire(lakeful)
    assert table.paths() == set()
    assert paths <= table.removed_paths()


def in_environment(lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setenv(name, value)


def test_dry_run_prints_removals_and_reasons_to_keep(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_environment(lakeful, monkeypatch)
    session = old_with_all(lakeful)
    old(lakeful, website=lakeful.new_website(plan="enterprise"))

    recorded = CliRunner().invoke(app, ["retention", "--dry-run", "--json"])
    (day,) = json.loads(recorded.stdout)
    assert day["sessions"] == [[session.website_id, session.session_id]]
    assert (day["object_count"], day["kept"]) == (3, {PLAN: 1})
    said = CliRunner().invoke(app, ["retention", "--dry-run"]).stdout
    assert session.session_id in said
    assert "plan keeps it: 1" in said
    assert session.session_id not in CliRunner().invoke(app, ["retention"]).stdout
    assert CliRunner().invoke(app, ["retention", "--json"]).stdout == "[]\n"


def test_retention_command_fails_when_a_website_is_damaged(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_environment(lakeful, monkeypatch)
    old(lakeful, website=lakeful.new_website())
    lakeful.store.put(keys.website_key(lakeful.website.website_id), b"{")

    done = CliRunner().invoke(app, ["retention"])
    assert done.exit_code == 1
    assert "1 sessions are gone" in done.stdout
    assert lakeful.website.website_id in done.stderr


class LakeOfThen(LakeResource):
    """At the time of these tests."""

    def now_ms(self) -> int:
        return NOW_MS


@pytest.mark.parametrize("dry_run", [True, False])
def test_dagster_tells_what_went_and_why_the_rest_stays(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    in_environment(lakeful, monkeypatch)
    session = old_with_all(lakeful)
    old(lakeful, website=lakeful.new_website(plan="enterprise"))

    done = dg.materialize(
        [expired_sessions],
        partition_key=f"{session.day}",
        resources={"lake": LakeOfThen()},
        run_config={"ops": {"expire_day": {"config": {"dry_run": dry_run}}}},
    )
    (event,) = done.get_asset_materialization_events()
    recorded = event.materialization.metadata
    assert (recorded["sessions"].value, recorded["objects"].value) == (1, 3)
    assert recorded["kept"].value == {PLAN: 1}
    assert int(str(recorded["bytes"].value)) > 0
    assert ("would_go" in recorded) == dry_run
    if dry_run:
        (record,) = recorded["would_go"].records  # type: ignore[attr-defined]
        assert record.data["session_id"] == session.session_id
