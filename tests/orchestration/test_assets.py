from datetime import date
from typing import Any

import dagster as dg
import pytest

from lake.control import websites
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.schemas import SCHEMAS
from orchestration import run_tags
from orchestration.definitions import defs
from tests.orchestration.conftest import FrozenLake
from tests.orchestration.lakes import DAY_MS, NOW_MS, add_session, make_website

DAY = "2026-11-24"
TABLES = ("sessions", "pages", "errors", "signals", "daily_summary")


def run(job: str, instance: dg.DagsterInstance, **more: Any) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(
        instance=instance, resources={"lake": FrozenLake()}, **more
    )


def metadata_of(
    run_result: dg.ExecuteInProcessResult, asset: str, day: str = DAY
) -> dict[str, Any]:
    (event,) = (
        event.materialization
        for event in run_result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(asset) and event.partition == day
    )
    return {name: value.value for name, value in event.metadata.items()}


def test_a_run_compacts_its_day_and_tells_what_it_did(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    website_id = make_website(store)
    session_id = add_session(store, settings, website_id, begins_ms=NOW_MS)
    add_session(store, settings, website_id, begins_ms=NOW_MS - DAY_MS)

    run_result = run("compact", instance, partition_key=DAY)

    recorded = metadata_of(run_result, "session_files")
    assert (recorded["sessions"], recorded["failed"], recorded["run_conflicts"]) == (1, 0, 0)
    assert (
        0 < recorded["run_written_bytes"] < recorded["run_received_bytes"] < recorded["raw_bytes"]
    )
    assert session_id in recorded["largest_sessions"]
    assert metadata_of(run_result, "sessions") == {"dagster/partition_row_count": 1}
    assert metadata_of(run_result, "daily_summary") == {"dagster/partition_row_count": 1}
    waiting = [keys.parse_segment_key(item.key) for item in store.list(keys.RAW)]
    assert [days and days[0] for days in waiting] == [date(2026, 11, 23)]


def test_settled_only_leaves_a_session_that_goes_on(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    add_session(store, settings, make_website(store), begins_ms=NOW_MS)
    config = {"ops": {"compact_day": {"config": {"settled_only": True}}}}

    run_result = run("compact", instance, partition_key=DAY, run_config=config)

    assert metadata_of(run_result, "session_files")["sessions"] == 0


def test_one_run_compacts_a_range_of_days_and_reports_each(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    website_id = make_website(store)
    for days in (0, 2):
        add_session(store, settings, website_id, begins_ms=NOW_MS - days * DAY_MS)

    run_result = run(
        "compact", instance, tags=run_tags.of_range(date(2026, 11, 22), date(2026, 11, 24))
    )

    matches = [
        metadata_of(run_result, "session_files", day)["sessions"]
        for day in ("2026-11-22", "2026-11-23", "2026-11-24")
    ]
    assert matches == [1, 0, 1]
    assert (
        metadata_of(run_result, "daily_summary", "2026-11-22")["dagster/partition_row_count"] == 1
    )


@pytest.mark.fault(41)
def test_what_failed_is_told_and_the_rest_proceeds(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Fault 41."""
    add_session(store, settings, make_website(store), begins_ms=NOW_MS)
    store.put(keys.segment_key(date(2026, 11, 24), "poison"), b"no parquet")

    recorded = metadata_of(run("compact", instance, partition_key=DAY), "session_files")

    assert (recorded["sessions"], recorded["failed"]) == (1, 1)
    assert "poison" in recorded["failures"]


def test_every_table_shows_its_columns_as_they_are_described() -> None:
    for spec in defs.resolve_all_asset_specs():
        name = spec.key.path[-1]
        if name in TABLES:
            shown = spec.metadata["dagster/column_schema"]
            columns = [(column.name, column.type) for column in shown.columns]
            assert columns == [(field.name, str(field.type)) for field in SCHEMAS[name]]
            assert all(column.description for column in shown.columns)


def test_every_asset_says_what_it_is_and_whose() -> None:
    specs = list(defs.resolve_all_asset_specs())

    assert {spec.key.path[-1] for spec in specs} >= {*TABLES, "session_files", "raw_segments"}
    assert all(spec.description and spec.owners and spec.kinds for spec in specs)


def test_checks_pass_on_a_sound_lake_and_fail_on_a_broken_one(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    website_id = make_website(store)
    add_session(store, settings, website_id, begins_ms=NOW_MS)
    run("compact", instance, partition_key=DAY)

    def checked() -> dict[str, bool]:
        asset_check_evaluations = run("checks", instance).get_asset_check_evaluations()
        return {
            f"{evaluation.asset_key.path[-1]}.{evaluation.check_name}": evaluation.passed
            for evaluation in asset_check_evaluations
        }

    before = checked()
    assert all(before.values())
    assert {name.partition(".")[0] for name in before} == {
        *TABLES,
        "session_files",
        "raw_segments",
        "expired_sessions",
    }

    store.delete([item.key for item in store.list(keys.SESSIONS)])
    add_session(store, settings, website_id, begins_ms=NOW_MS - DAY_MS, now_ms=NOW_MS - 3_600_000)
    failed = {name for name, passed in checked().items() if not passed}
    assert failed == {
        "session_files.files_as_their_rows_say",
        "raw_segments.nothing_waits_too_long",
    }


def test_retention_removes_what_expired_and_a_dry_run_does_not(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    website_id = make_website(store)
    add_session(store, settings, website_id, begins_ms=NOW_MS - 10 * DAY_MS)
    run("compact", instance, partition_key="2026-11-14")
    websites.change(store, website_id, {"plan": "free"})
    dry = {"ops": {"expire_day": {"config": {"dry_run": True}}}}

    recorded = metadata_of(
        run("retention", instance, partition_key="2026-11-14", run_config=dry),
        "expired_sessions",
        "2026-11-14",
    )
    assert (recorded["sessions"], recorded["by_website"]) == (1, {website_id: 1})
    assert list(store.list(keys.SESSIONS))

    run("retention", instance, tags=run_tags.of_range(date(2026, 11, 14), date(2026, 11, 15)))
    assert not list(store.list(keys.SESSIONS))


def test_maintenance_tidies_the_lake_and_dagsters_own_history(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    add_session(store, settings, make_website(store), begins_ms=NOW_MS)
    run("compact", instance, partition_key=DAY)

    assert run("maintenance", instance).success


@pytest.mark.parametrize("job", ["compact", "retention", "checks", "maintenance"])
def test_every_job_has_a_description(job: str) -> None:
    assert defs.resolve_job_def(job).description
