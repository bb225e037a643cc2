"""Sessions of old days: Dagster compacts each that ingest accepts; ingest refuses older ones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import days
from lake import ids
from lake.compaction import pending_days
from lake.control import websites
from lake.control.websites import Website
from lake.errors import RecordingMalformed
from lake.ingest.import_recording import import_recording
from lake.settings import Settings, from_environ
from lake.storage.base import Store
from orchestration.definitions import defs
from orchestration.schedules import daily_retention
from orchestration.sensors import compact_when_due
from tests.orchestration.conftest import FrozenLake
from tests.support import lakes

OLD = date(2025, 12, 31)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lake that keeps sessions for 30 years."""
    monkeypatch.setenv("REPLAY_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("REPLAY_PLAN_DAYS", "enterprise=11000")
    return from_environ()


@pytest.fixture
def website(store: Store) -> Website:
    return websites.create(store, "shop", plan="enterprise", origins=("*",), now_ms=lakes.NOW_MS)


def ms(day: date) -> int:
    return int(datetime.combine(day, time(12), UTC).timestamp() * 1000)


def imported(store: Store, settings: Settings, website: Website, day: date) -> None:
    import_recording(
        store,
        settings,
        lakes.RECORDINGS[0],
        website_id=website.website_id,
        now_ms=lakes.NOW_MS,
        at_ms=ms(day),
    )


@pytest.mark.parametrize("day", [OLD, ids.FIRST_DAY])
def test_accepted_old_session_is_due_and_compacted(
    day: date, store: Store, settings: Settings, website: Website
) -> None:
    imported(store, settings, website, day)
    later = FrozenLake(at_ms=lakes.NOW_MS + 3_600_000)

    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, repository_def=defs.get_repository_def()
        )
        run_requests = compact_when_due(context, lake=later)
        assert isinstance(run_requests, Iterator)
        (request,) = run_requests
        assert isinstance(request, dg.RunRequest)
        defs.resolve_job_def("compact").execute_in_process(
            instance=instance, resources={"lake": later}, partition_key=request.partition_key
        )

    assert pending_days(store) == []
    assert len(lakes.rows(store, "sessions")) == 1


def test_session_before_the_first_partition_is_refused(
    store: Store, settings: Settings, website: Website
) -> None:
    with pytest.raises(RecordingMalformed, match=f"before {ids.FIRST_DAY} .* --at now"):
        imported(store, settings, website, ids.FIRST_DAY - timedelta(days=1))

    assert pending_days(store) == []


def test_the_first_partition_is_the_first_day_that_is_taken_in() -> None:
    assert days.get_first_partition_key() == f"{ids.FIRST_DAY}"


def test_a_stray_older_day_does_not_keep_others_from_retention(
    store: Store, settings: Settings, website: Website
) -> None:
    stray, expired = ids.FIRST_DAY - timedelta(days=9), date(2026, 10, 1)
    for number, day in enumerate((stray, expired)):
        lakes.append(store, lakes.session(number, website=website.website_id, at_ms=ms(day)))
    websites.change(store, website.website_id, {"plan": "free"})

    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance)
        request = daily_retention(context, lake=FrozenLake(at_ms=lakes.NOW_MS))
        assert isinstance(request, dg.RunRequest)
        assert request.tags["dagster/asset_partition_range_start"] == f"{expired}"
