"""Daily summaries of websites, computed from `sessions` whenever a day changed."""

from datetime import date

import dagster as dg

from assets.asset_specs import table_spec
from assets.partitions import days
from assets.resources import LakeResource
from lake.storage.failures import Failures
from lake.tables.daily_summary import summarise_day


@dg.multi_asset(
    name="summarise_day",
    specs=[table_spec("daily_summary", "One row per website and day, in numbers.", ["sessions"])],
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def daily_summary(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Summarise the sessions that began on these days."""
    store = lake.open()
    failures = Failures()
    for key in context.partition_keys:
        with failures.of(key):
            count = summarise_day(store, date.fromisoformat(key))
            context.add_asset_metadata(
                {"dagster/partition_row_count": count},
                asset_key="daily_summary",
                partition_key=key,
            )
    failures.raise_first()
    return dg.MaterializeResult(asset_key="daily_summary")
