"""Re-scoring by day: updates scores of an older scoring version (`lake.operations.rescore`)."""

from datetime import date

import dagster as dg

from assets.asset_specs import OWNERS
from assets.partitions import days
from assets.resources import LakeResource
from lake.operations.rescore import rescore_day
from lake.storage.failures import Failures


class RescoreConfig(dg.Config):
    """Run configuration."""

    again: bool = False
    """Also score sessions that have scores of this version."""


@dg.multi_asset(
    name="rescore_day",
    specs=[
        dg.AssetSpec(
            "scores",
            description="Signals and scores of a day's sessions, by this version's rules.",
            deps=["sessions", "signals"],
            group_name="care",
            kinds={"deltalake"},
            owners=OWNERS,
        )
    ],
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def scores(
    context: dg.AssetExecutionContext, config: RescoreConfig, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Score the sessions of these days that have scores of another version."""
    store = lake.open()
    failures = Failures()
    for key in context.partition_keys:
        with failures.of(key):
            done = rescore_day(store, date.fromisoformat(key), again=config.again)
            for what, why in done.failed.items():
                context.log.warning("%s keeps its scores, since it cannot be read: %s", what, why)
            metadata = {
                "sessions": done.session_count,
                "had_them": done.skipped_count,
                "failed": len(done.failed),
            }
            context.add_asset_metadata(metadata, asset_key="scores", partition_key=key)
    failures.raise_first()
    return dg.MaterializeResult(asset_key="scores")
