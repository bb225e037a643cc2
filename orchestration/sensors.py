"""Dagster sensors: request compaction where a day is due, and erasure where one is pending.

Readers see chunks before they are compacted and do not wait for Dagster, so ticks are rare and
cheap, and request no run where nothing is due.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

import dagster as dg

from assets.resources import LakeResource
from lake.compaction import due_days
from lake.errors import LakeMissing
from lake.ids import FIRST_DAY
from lake.raw.pending_index import PendingIndex
from lake.storage import keys
from lake.timestamps import utc_day
from orchestration import run_tags
from orchestration.jobs import compact, erasure

EVERY_S = 30
CATCH_UP_DAYS = 3  # consecutive days from which one run is cheaper
RUN_CONFIG = {"ops": {"compact_day": {"config": {"settled_only": True}}}}

# In the code server's process, so that a tick reads only new segments.
_indexes: dict[str, PendingIndex] = {}


@dg.sensor(
    job=compact,
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a run for each day with ended sessions or long pending chunks.",
)
def compact_when_due(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request runs; none for a day with a queued or running run."""
    settings, now_ms = lake.settings(), lake.now_ms()
    try:
        store = lake.open()
    except LakeMissing as error:
        yield dg.SkipReason(str(error))  # Dagster may be started before the first upload
        return
    if settings.lake not in _indexes:
        _indexes[settings.lake] = PendingIndex(store)
    due = due_days(_indexes[settings.lake].refresh(), settings, now_ms)
    # A session's clock may be ahead; a future day has no partition.
    due = {day: at_ms for day, at_ms in due.items() if FIRST_DAY <= day <= utc_day(now_ms)}
    if not due:
        yield dg.SkipReason("nothing is due")
        return
    busy = run_tags.busy_days(
        context.instance.get_runs(dg.RunsFilter(statuses=run_tags.UNFINISHED))
    )
    wanted = [day for day in due if day not in busy]
    if not wanted:
        yield dg.SkipReason(f"runs are queued or running: {', '.join(map(str, due))}")
        return
    # A day stays due after a failure, and while its chunks share a segment with others that are not
    # due. It is requested again when another day becomes due, or after a while.
    retry_slot = now_ms // (settings.compact_wait_s * 1000)
    for days in _streaks(wanted):
        key = f"{days[0]}/{len(days)}/{max(due[day] for day in days)}/{retry_slot}"
        if len(days) == 1:
            yield dg.RunRequest(
                run_key=key,
                partition_key=days[0].isoformat(),
                tags=run_tags.of_day(days[0]),
                run_config=RUN_CONFIG,
            )
        else:
            yield dg.RunRequest(
                run_key=key, tags=run_tags.of_range(days[0], days[-1]), run_config=RUN_CONFIG
            )


@dg.sensor(
    job_name=erasure.name,
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a run for pending erasures.",
)
def erase_when_asked(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> dg.RunRequest | dg.SkipReason:
    """Request one run over all pending erasures; none while one is queued or running.

    A new request gets a run at once. Erasures that remain, because of a hold or a failure, are
    retried after a while.
    """
    try:
        items = list(lake.open().list(keys.ERASURES))
    except LakeMissing as error:
        return dg.SkipReason(str(error))
    newest = max((item.key.rpartition("/")[2] for item in items), default="")
    if not newest:
        return dg.SkipReason("nothing is to be erased")
    wanted = dg.RunsFilter(job_name=erasure.name, statuses=run_tags.UNFINISHED)
    if context.instance.get_runs(wanted, limit=1):
        return dg.SkipReason("a run is queued or running")
    retry_slot = lake.now_ms() // (lake.settings().compact_wait_s * 1000)
    return dg.RunRequest(run_key=f"{newest}/{retry_slot}")


def _streaks(days: list[date]) -> Iterator[list[date]]:
    """Yield long streaks of consecutive days together, and other days one by one."""
    for _, group in groupby(enumerate(days), lambda item: item[1] - timedelta(days=item[0])):
        streak = [day for _, day in group]
        if len(streak) >= CATCH_UP_DAYS:
            yield streak
        else:
            yield from ([day] for day in streak)
