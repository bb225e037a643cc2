"""Sessions that their websites no longer keep, removed by day. What expires: `lake.retention`."""

from datetime import date

import dagster as dg

from assets.descriptions import OWNERS
from assets.partitions import days
from lake.retention import expire_day
from orchestration.resources import LakeResource


class RetentionConfig(dg.Config):
    """What a run may be told."""

    dry_run: bool = False
    """Count what would go, and remove nothing."""


@dg.multi_asset(
    name="expire_day",
    specs=[
        dg.AssetSpec(
            "expired_sessions",
            description="What retention removed of a day's sessions: rows, files and segments.",
            deps=["sessions"],
            group_name="care",
            kinds={"deltalake"},
            owners=OWNERS,
        )
    ],
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def expired_sessions(
    context: dg.AssetExecutionContext, config: RetentionConfig, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Remove what has expired of the sessions that began on these days."""
    store, settings = lake.open(), lake.settings()
    for key in context.partition_keys:
        gone = expire_day(
            store,
            settings,
            date.fromisoformat(key),
            now_ms=lake.now_ms(),
            dry_run=config.dry_run,
        )
        context.add_asset_metadata(
            {
                "sessions": gone.session_count,
                "segments": gone.segment_count,
                "files": gone.file_count,
                "file_bytes": gone.file_bytes,
                "by_website": dg.MetadataValue.json(gone.by_website),
                "dry_run": config.dry_run,
            },
            asset_key="expired_sessions",
            partition_key=key,
        )
    return dg.MaterializeResult(asset_key="expired_sessions")
