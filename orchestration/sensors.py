"""When to compact: where something is due, and nobody is at it.

Dagster's clock is not what readers wait for (they see what is not compacted yet), so that a tick
is cheap and rare, and asks for nothing where nothing is due.
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
CATCH_UP_DAYS = 3  # so many days in a row are cheaper in one run
RUN_CONFIG = {"ops": {"compact_day": {"config": {"settled_only": True}}}}

# Kept in the code server's process, so that a tick reads what is new since the last one.
_indexes: dict[str, PendingIndex] = {}


@dg.sensor(
    job=compact,
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for a run of each day in which sessions ended or chunks wait too long.",
)
def compact_when_due(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for runs; none for a day that a run is queued or going for."""
    settings, now_ms = lake.settings(), lake.now_ms()
    try:
        store = lake.open()
    except LakeMissing as error:
        yield dg.SkipReason(str(error))  # Dagster may be started before the first upload
        return
    if settings.lake not in _indexes:
        _indexes[settings.lake] = PendingIndex(store)
    due = due_days(_indexes[settings.lake].refresh(), settings, now_ms)
    # A session's clock may be ahead: its day has no partition before it begins.
    due = {day: at_ms for day, at_ms in due.items() if FIRST_DAY <= day <= utc_day(now_ms)}
    if not due:
        yield dg.SkipReason("nothing is due")
        return
    busy = run_tags.busy_days(
        context.instance.get_runs(dg.RunsFilter(statuses=run_tags.UNFINISHED))
    )
    wanted = [day for day in due if day not in busy]
    if not wanted:
        yield dg.SkipReason(f"runs are at it: {', '.join(map(str, due))}")
        return
    # What is due stays so where it fails, and where it shares a segment with what is not due yet:
    # it is asked for again when something else has become due, or after a while.
    again = now_ms // (settings.compact_wait_s * 1000)
    for days in _streaks(wanted):
        key = f"{days[0]}/{len(days)}/{max(due[day] for day in days)}/{again}"
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
    description="Asks for a run where somebody asked for an erasure.",
)
def erase_when_asked(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run over all that wait; none while one is queued or going.

    At once for a new request. What is left, because of a hold or a failure, is tried again after a
    while.
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
        return dg.SkipReason("a run is at it")
    again = lake.now_ms() // (lake.settings().compact_wait_s * 1000)
    return dg.RunRequest(run_key=f"{newest}/{again}")


def _streaks(days: list[date]) -> Iterator[list[date]]:
    """Yield long streaks of days whole, and other days by themselves."""
    for _, group in groupby(enumerate(days), lambda item: item[1] - timedelta(days=item[0])):
        streak = [day for _, day in group]
        if len(streak) >= CATCH_UP_DAYS:
            yield streak
        else:
            yield from ([day] for day in streak)
