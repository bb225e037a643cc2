"""What runs by the clock. All times are UTC, as the days are."""

import dagster as dg

from lake.retention import expired_days
from orchestration import tags
from orchestration.jobs import checks, maintenance, retention
from orchestration.resources import LakeResource

hourly_checks = dg.ScheduleDefinition(
    name="hourly_checks",
    job=checks,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

nightly_maintenance = dg.ScheduleDefinition(
    name="nightly_maintenance",
    job=maintenance,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.schedule(
    job=retention,
    cron_schedule="15 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def daily_retention(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    """One run over all days that hold something expired, soon after a day has ended."""
    days = expired_days(lake.open(), lake.settings(), now_ms=lake.now_ms())
    if not days:
        return dg.SkipReason("nothing has expired")
    return dg.RunRequest(tags=tags.of_range(days[0], days[-1]))


SCHEDULES = [hourly_checks, nightly_maintenance, daily_retention]
