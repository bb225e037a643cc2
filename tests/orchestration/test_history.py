import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from lake.settings import Settings
from lake.storage import presence
from lake.storage.base import Store
from orchestration import run_history
from orchestration.definitions import defs
from tests.orchestration.conftest import FrozenLake
from tests.orchestration.lakes import DAY_MS

DAY = "2026-11-24"


@pytest.fixture
def dagster_instance(tmp_path: Path, store: Store) -> dg.DagsterInstance:
    presence.ensure_lake(store)
    (tmp_path / "dagster").mkdir()
    return dg.DagsterInstance.local_temp(str(tmp_path / "dagster"))


def run(instance: dg.DagsterInstance, day: str = DAY) -> str:
    job = defs.resolve_job_def("compact")
    run_result = job.execute_in_process(
        instance=instance, partition_key=day, resources={"lake": FrozenLake()}
    )
    return run_result.run_id


def check(instance: dg.DagsterInstance) -> str:
    job = defs.resolve_job_def("checks")
    return job.execute_in_process(instance=instance, resources={"lake": FrozenLake()}).run_id


def mentioned(instance: dg.DagsterInstance, run_ids: list[str]) -> list[str]:
    """Return the tables that still tell of one of these runs."""
    mentions: list[str] = []
    for name in ("history/runs.db", "history/runs/index.db"):
        with closing(sqlite3.connect(Path(instance.root_directory) / name)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                if table == "asset_keys":
                    continue  # a row to each asset, whatever it last heard of
                rows = database.execute(f"SELECT * FROM {table}").fetchall()
                mentions += [table for row in rows if any(run_id in str(row) for run_id in run_ids)]
    return mentions


def later(instance: dg.DagsterInstance, days: int) -> float:
    (record,) = instance.get_run_records(limit=1)
    return record.create_timestamp.timestamp() + days * DAY_MS / 1000 + 1


def test_old_runs_go_except_the_last_success_of_each_day(
    settings: Settings, dagster_instance: dg.DagsterInstance
) -> None:
    stale = [run(dagster_instance) for _ in range(3)]
    stale.append(check(dagster_instance))
    last, other, checked = (
        run(dagster_instance),
        run(dagster_instance, "2026-11-23"),
        check(dagster_instance),
    )
    failed = dagster_instance.create_run_for_job(
        defs.resolve_job_def("compact"), status=dg.DagsterRunStatus.FAILURE
    ).run_id

    pruned = run_history.prune(dagster_instance, days=2, now_s=later(dagster_instance, 2))

    assert pruned.run_count == 5
    assert pruned.freed_bytes > 300_000
    assert {retained.run_id for retained in dagster_instance.get_runs()} == {last, other, checked}
    assert mentioned(dagster_instance, [*stale, failed]) == []
    files = {path.name for path in Path(dagster_instance.root_directory).rglob("*.db*")}
    assert not any(run_id in name for run_id in [*stale, failed] for name in files)
    for day in (DAY, "2026-11-23"):
        assert day in dagster_instance.get_materialized_partitions(dg.AssetKey("sessions"))


def test_young_runs_and_those_that_go_on_stay(
    settings: Settings, dagster_instance: dg.DagsterInstance
) -> None:
    first = run(dagster_instance)
    going = dagster_instance.create_run_for_job(
        defs.resolve_job_def("compact"), status=dg.DagsterRunStatus.STARTED
    ).run_id
    second = run(dagster_instance)

    assert (
        run_history.prune(dagster_instance, days=2, now_s=later(dagster_instance, 1)).run_count == 0
    )
    assert (
        run_history.prune(dagster_instance, days=2, now_s=later(dagster_instance, 3)).run_count == 1
    )
    assert {retained.run_id for retained in dagster_instance.get_runs()} == {going, second}
    assert first != second


def test_a_locked_database_is_left_for_the_next_night(
    settings: Settings, dagster_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_history, "_BUSY_S", 0.01)
    run(dagster_instance)
    path = Path(dagster_instance.root_directory) / "schedules/schedules.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as daemon:
        daemon.execute("BEGIN EXCLUSIVE")

        run_history.prune(dagster_instance, days=2, now_s=later(dagster_instance, 3))
