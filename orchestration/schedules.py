"""Dagster schedules. All times are UTC, like the days."""

import dagster as dg

from assets.resources import LakeResource
from lake.errors import LakeMissing
from lake.ids import FIRST_DAY
from lake.retention.run import expired_days
from lake.timestamps import utc_day
from orchestration import run_tags
from orchestration.jobs import checks, maintenance, retention


@dg.schedule(
    job=checks,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def hourly_checks(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    """Run every asset check, once there is a lake."""
    return _run_if_lake_exists(lake)


@dg.schedule(
    job=maintenance,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_maintenance(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    """Run the maintenance of the lake and of Dagster, once there is a lake."""
    return _run_if_lake_exists(lake)


@dg.schedule(
    job=retention,
    cron_schedule="15 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def daily_retention(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    """Request one run over all days with expired sessions, soon after a day has ended."""
    now_ms = lake.now_ms()
    try:
        expired = expired_days(lake.open(), lake.settings(), now_ms=now_ms)
    except LakeMissing as error:
        return dg.SkipReason(str(error))
    # A day without a partition would fail the run; `replaylake retention` handles those.
    days = [day for day in expired if FIRST_DAY <= day <= utc_day(now_ms)]
    if not days:
        return dg.SkipReason("nothing has expired")
    return dg.RunRequest(tags=run_tags.of_range(days[0], days[-1]))


def _run_if_lake_exists(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    try:
        lake.open()
    except LakeMissing as error:
        return dg.SkipReason(str(error))
    return dg.RunRequest()


SCHEDULES = [hourly_checks, nightly_maintenance, daily_retention]
