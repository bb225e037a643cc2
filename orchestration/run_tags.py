"""Tags of runs: their days, and the tag that limits concurrency (`dagster.yaml`).

The limit only saves work: the lake refuses a stale writer by itself.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import dagster as dg

DAY = "replaylake/day"
PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
LAUNCHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
UNFINISHED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, *LAUNCHED]


def of_day(day: date) -> dict[str, str]:
    """Return the tags of a run over one day, in addition to its partition's."""
    return {DAY: day.isoformat()}


def of_range(first: date, last: date) -> dict[str, str]:
    """Return the tags of one run over all days from `first` to `last`; one range runs at a time."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat(), DAY: "range"}


def busy_days(runs: Iterable[dg.DagsterRun]) -> set[date]:
    """Return the days that runs cover, however they were started."""
    days: set[date] = set()
    for run in runs:
        first = run.tags.get(RANGE_START) or run.tags.get(PARTITION)
        last = run.tags.get(RANGE_END) or first
        if first and last:
            day = date.fromisoformat(first)
            while day <= date.fromisoformat(last):
                days.add(day)
                day += timedelta(days=1)
    return days
