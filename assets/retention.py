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
    """Run configuration."""

    dry_run: bool = False
    """List what would be removed, and remove nothing."""


@dg.multi_asset(
    name="expire_day",
    specs=[
        dg.AssetSpec(
            "expired_sessions",
            description="Rows, files and segments of a day's sessions that retention removed.",
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
    """Remove expired sessions that began on these days."""
    store, settings = lake.open(), lake.settings()
    failures = Failures()
    for key in context.partition_keys:
        with failures.of(key):
            report = expire_day(
                store,
                settings,
                date.fromisoformat(key),
                now_ms=lake.now_ms(),
                dry_run=config.dry_run,
            )
            for what, why in report.failed.items():
                context.log.warning("%s: kept, since it cannot be read: %s", what, why)
            context.add_asset_metadata(
                _metadata(report, dry_run=config.dry_run),
                asset_key="expired_sessions",
                partition_key=key,
            )
    failures.raise_first()
    return dg.MaterializeResult(asset_key="expired_sessions")


def _metadata(report: ExpiryReport, *, dry_run: bool) -> dict[str, Any]:
    """Return metadata of a day. `kept`: reasons for what stays; `would_go`: of a dry run."""
    metadata = {
        "sessions": report.session_count,
        "bytes": report.size_bytes,
        "objects": report.object_count,
        "files": report.file_count,
        "segments": report.segment_count,
        "quarantined": report.quarantined_count,
        "by_website": dg.MetadataValue.json(report.by_website),
        "kept": dg.MetadataValue.json(report.kept),
        "dry_run": dry_run,
    }
    if report.sessions:
        metadata["would_go"] = dg.MetadataValue.table(
            [
                dg.TableRecord({"website_id": website_id, "session_id": session_id})
                for website_id, session_id in report.sessions
            ]
        )
    return metadata
