"""Retention by day: removes sessions past their plan's retention (`lake.retention.run`)."""

from datetime import date
from typing import Any

import dagster as dg

from assets.asset_specs import OWNERS
from assets.partitions import days
from assets.resources import LakeResource
from lake.retention.removal import ExpiryReport
from lake.retention.run import expire_day
from lake.storage.failures import Failures


class RetentionConfig(dg.Config):
    """What a run may be told."""

    dry_run: bool = False
    """Tell what would go, and remove nothing."""


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
    failures = Failures()
    for key in context.partition_keys:
        with failures.of(key):
            gone = expire_day(
                store,
                settings,
                date.fromisoformat(key),
                now_ms=lake.now_ms(),
                dry_run=config.dry_run,
            )
            for what, why in gone.failed.items():
                context.log.warning("%s: kept, since it cannot be read: %s", what, why)
            context.add_asset_metadata(
                _metadata(gone, dry_run=config.dry_run),
                asset_key="expired_sessions",
                partition_key=key,
            )
    failures.raise_first()
    return dg.MaterializeResult(asset_key="expired_sessions")


def _metadata(gone: ExpiryReport, *, dry_run: bool) -> dict[str, Any]:
    """`kept` tells why what is stored of the day stays; a dry run names what would go."""
    told = {
        "sessions": gone.session_count,
        "bytes": gone.size_bytes,
        "objects": gone.object_count,
        "files": gone.file_count,
        "segments": gone.segment_count,
        "quarantined": gone.quarantined_count,
        "by_website": dg.MetadataValue.json(gone.by_website),
        "kept": dg.MetadataValue.json(gone.kept),
        "dry_run": dry_run,
    }
    if gone.sessions:
        told["would_go"] = dg.MetadataValue.table(
            [
                dg.TableRecord({"website_id": website_id, "session_id": session_id})
                for website_id, session_id in gone.sessions
            ]
        )
    return told
