"""Compaction as assets: session files and the tables that are made with them.

All of them come from one pass over a day's chunks (`lake.compaction`), so they are one step here.
Safe to run again, late, or twice at once.
"""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from assets import run_metadata
from assets.asset_specs import FRESHNESS_POLICY, OWNERS, table_spec
from assets.partitions import days
from assets.resources import LakeResource
from assets.segments import raw_segments
from lake.compaction import compact_day
from lake.operations.probes import day_totals, row_count
from lake.operations.quarantine_contents import totals
from lake.storage.failures import Failures

TABLES = {
    "sessions": "One row per session: what a list row needs.",
    "pages": "One row per page view of a session.",
    "errors": "One row per JavaScript error, with its fingerprint.",
    "signals": "One row per sign of frustration.",
}
SPECS = [
    dg.AssetSpec(
        "session_files",
        description=(
            "One file per session under `sessions/date=…/`: every event in replay order, zstd "
            "frames of NDJSON behind a header from which all tables can be rebuilt. The truth."
        ),
        deps=[raw_segments],
        group_name="sessions",
        kinds={"json", "zstd"},
        tags={"replaylake/level": "1"},
        owners=OWNERS,
        freshness_policy=FRESHNESS_POLICY,
    ),
    *(table_spec(name, text, ["session_files"]) for name, text in TABLES.items()),
]


class CompactConfig(dg.Config):
    """Run configuration."""

    settled_only: bool = False
    """Skip sessions that are still live; set by the sensor, not in manual runs."""


@dg.multi_asset(
    name="compact_day",
    specs=SPECS,
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def compacted(
    context: dg.AssetExecutionContext, config: CompactConfig, lake: LakeResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Compact the pending chunks of sessions that began on these days."""
    store, settings = lake.open(), lake.settings()
    failures = Failures()
    for key in context.partition_keys:
        with failures.of(key):
            began = time.monotonic()
            day = date.fromisoformat(key)
            done = compact_day(
                store, settings, day, now_ms=lake.now_ms(), settled_only=config.settled_only
            )
            for what, why in done.failed.items():
                context.log.error("%s is not compacted: %s", what, why)
            quarantine = totals(store, day)
            if quarantine.object_count:
                context.log.error(
                    "quarantine of %s: %d chunks of %d sessions and %d unreadable objects. %s",
                    *(day, quarantine.chunk_count, len(quarantine.sessions)),
                    *(quarantine.unknown_count, run_metadata.ADVICE),
                )
            report = run_metadata.of_compaction(
                done, day_totals(store, day), quarantine, time.monotonic() - began
            )
            context.add_asset_metadata(report, asset_key="session_files", partition_key=key)
            for table in TABLES:
                rows = {"dagster/partition_row_count": row_count(store, table, day)}
                context.add_asset_metadata(rows, asset_key=table, partition_key=key)
    failures.raise_first()
    for spec in SPECS:
        yield dg.MaterializeResult(asset_key=spec.key)
