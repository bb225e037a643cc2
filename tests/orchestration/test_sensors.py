from datetime import date, timedelta

import dagster as dg
import pytest

from lake.control import websites
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from orchestration import run_tags
from orchestration.definitions import defs
from orchestration.schedules import daily_retention
from orchestration.sensors import compact_when_due
from tests.orchestration.conftest import FrozenLake
from tests.orchestration.lakes import DAY_MS, NOW_MS, add_session, make_website

SILENT_MS = NOW_MS + 60_000
TODAY = date(2026, 11, 24)


def asked(instance: dg.DagsterInstance, at_ms: int) -> list[dg.RunRequest]:
    context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def())
    evaluation = compact_when_due(context, lake=FrozenLake(at_ms=at_ms))
    assert evaluation is not None
    return [item for item in evaluation if isinstance(item, dg.RunRequest)]


def start(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> None:
    job = defs.resolve_job_def("compact")
    instance.create_run_for_job(job, tags=tags, status=status)


@pytest.fixture
def website_id(store: Store) -> str:
    return make_website(store)


def test_nothing_is_asked_for_where_nothing_is_due(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    assert asked(instance, NOW_MS) == []
    add_session(store, settings, website_id, begins_ms=NOW_MS)
    assert asked(instance, SILENT_MS - 1) == []


def test_a_day_with_an_ended_session_is_requested_by_partition(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    add_session(store, settings, website_id, begins_ms=NOW_MS)

    (request,) = asked(instance, SILENT_MS)

    assert request.partition_key == "2026-11-24"
    assert request.tags["replaylake/day"] == "2026-11-24"
    assert request.run_config == {"ops": {"compact_day": {"config": {"settled_only": True}}}}
    assert request.run_key


# A queued run cannot be made up: the test with a daemon has real ones.
@pytest.mark.parametrize(
    "status", [item for item in run_tags.UNFINISHED if item is not dg.DagsterRunStatus.QUEUED]
)
@pytest.mark.parametrize(
    "run_tags",
    [
        {"dagster/partition": "2026-11-24"},
        run_tags.of_range(TODAY - timedelta(days=3), TODAY),
    ],
)
def test_no_second_run_is_asked_for_while_one_is_queued_or_going(
    status: dg.DagsterRunStatus,
    run_tags: dict[str, str],
    store: Store,
    settings: Settings,
    website_id: str,
    instance: dg.DagsterInstance,
) -> None:
    add_session(store, settings, website_id, begins_ms=NOW_MS)
    start(instance, status, **run_tags)

    assert asked(instance, SILENT_MS) == []


def test_runs_of_other_days_and_ended_runs_do_not_block(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    add_session(store, settings, website_id, begins_ms=NOW_MS)
    start(instance, dg.DagsterRunStatus.STARTED, **{"dagster/partition": "2026-11-23"})
    start(instance, dg.DagsterRunStatus.FAILURE, **{"dagster/partition": "2026-11-24"})

    assert len(asked(instance, SILENT_MS)) == 1


def test_a_day_that_stays_due_is_requested_after_a_while(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    """Dagster ignores a run key that was used before, so a later request needs another."""
    add_session(store, settings, website_id, begins_ms=NOW_MS)
    wait_ms = settings.compact_wait_s * 1000
    begins = SILENT_MS - SILENT_MS % wait_ms + wait_ms

    def key(at_ms: int) -> str | None:
        return asked(instance, at_ms)[0].run_key

    first = key(begins)
    assert key(begins + wait_ms - 1) == first
    assert key(begins + wait_ms) != first
    add_session(store, settings, website_id, begins_ms=NOW_MS, now_ms=NOW_MS + 1)
    assert key(begins) != first


def test_many_days_in_a_row_are_caught_up_in_one_run(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    for days in (0, 1, 2, 3, 9):
        add_session(store, settings, website_id, begins_ms=NOW_MS - days * DAY_MS)

    single, together = asked(instance, SILENT_MS)

    assert single.partition_key == "2026-11-15"
    assert together.partition_key is None
    assert together.tags["dagster/asset_partition_range_start"] == "2026-11-21"
    assert together.tags["dagster/asset_partition_range_end"] == "2026-11-24"


def test_a_day_that_has_not_begun_is_left_until_it_has(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    """Fault 33."""
    add_session(store, settings, website_id, begins_ms=NOW_MS + DAY_MS // 2)

    assert asked(instance, SILENT_MS) == []
    assert len(asked(instance, NOW_MS + DAY_MS // 2)) == 1


@pytest.mark.fault(41)
def test_a_poison_segment_is_asked_for_at_once(
    store: Store, settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Fault 41."""
    store.put(keys.segment_key(TODAY, "poison"), b"no parquet")

    assert len(asked(instance, NOW_MS)) == 1


def test_retention_is_one_run_over_all_expired_days(
    store: Store, settings: Settings, website_id: str, instance: dg.DagsterInstance
) -> None:
    for days in (1, 10, 12):
        add_session(store, settings, website_id, begins_ms=NOW_MS - days * DAY_MS)
    context = dg.build_schedule_context(instance=instance)

    assert isinstance(daily_retention(context, lake=FrozenLake()), dg.SkipReason)
    websites.change(store, website_id, {"plan": "free"})
    request = daily_retention(context, lake=FrozenLake())

    assert isinstance(request, dg.RunRequest)
    assert request.tags["dagster/asset_partition_range_start"] == "2026-11-12"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-11-14"
