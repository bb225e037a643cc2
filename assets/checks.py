"""Asset checks: table schemas, and the invariants that are cheap to verify.

`replaylake check` verifies all invariants to the last byte.
"""

from collections.abc import Iterator
from itertools import islice

import dagster as dg

from assets import run_metadata
from assets.resources import LakeResource
from assets.segments import raw_segments
from lake.operations import probes
from lake.operations.quarantine_contents import totals
from lake.raw.pending_index import PendingIndex
from lake.tables.schemas import SCHEMAS
from lake.timestamps import iso, utc_day

NEWEST = 50  # rows whose files are read, one request each
MARGIN_S = 300  # for the sensor, the queue and the run
QUARANTINED_MAX = 1000  # objects that are read
_LISTED_MAX = 20


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            "columns_as_described",
            asset=name,
            description="Names and types of the columns are those of `lake.tables.schemas`.",
        )
        for name in SCHEMAS
        if name != "session_files"  # the asset is the files; their table is its index
    ],
    name="columns_as_described",
)
def columns_as_described(lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """Compare the columns of every table with its schema."""
    store = lake.open()
    for name in SCHEMAS:
        if name == "session_files":
            continue
        differences = probes.column_differences(store, name)
        yield dg.AssetCheckResult(
            asset_key=name,
            check_name="columns_as_described",
            passed=not differences,
            metadata={"differences": differences},
        )


@dg.asset_check(asset="sessions")
def one_row_per_session(lake: LakeResource) -> dg.AssetCheckResult:
    """Check that each session of a website has one row."""
    count = probes.doubled_count(lake.open())
    return dg.AssetCheckResult(passed=count == 0, metadata={"rows_too_many": count})


@dg.asset_check(asset="session_files", additional_deps=["sessions"])
def files_as_their_rows_say(lake: LakeResource) -> dg.AssetCheckResult:
    """Check that the files of the newest rows exist and have the recorded length."""
    broken = list(islice(probes.broken_files(lake.open(), newest=NEWEST), _LISTED_MAX))
    return dg.AssetCheckResult(passed=not broken, metadata={"broken": broken, "rows": NEWEST})


@dg.asset_check(asset=raw_segments.key)
def nothing_waits_too_long(lake: LakeResource) -> dg.AssetCheckResult:
    """Check that no chunk is pending longer than the settings allow."""
    now_ms = lake.now_ms()
    pending = PendingIndex(lake.open()).refresh()
    backlog = probes.pending_backlog(pending, until=utc_day(now_ms))
    limit_s = lake.settings().compact_wait_s + MARGIN_S
    waits_s = 0 if backlog.oldest_ms is None else (now_ms - backlog.oldest_ms) // 1000
    return dg.AssetCheckResult(
        passed=waits_s <= limit_s and not backlog.damaged_count,
        metadata={
            "sessions": backlog.session_count,
            "chunks": backlog.chunk_count,
            "payload_bytes": backlog.payload_bytes,
            "unreadable_segments": backlog.damaged_count,
            "oldest": "none" if backlog.oldest_ms is None else iso(backlog.oldest_ms),
            "waits_s": waits_s,
            "limit_s": limit_s,
        },
    )


@dg.asset_check(asset="expired_sessions")
def erasures_are_carried_out(lake: LakeResource) -> dg.AssetCheckResult:
    """Check that no erasure failed or is late; those on legal hold are only a warning."""
    backlog = probes.erasure_backlog(lake.open(), now_ms=lake.now_ms())
    is_serious = bool(backlog.failed or backlog.late)
    return dg.AssetCheckResult(
        passed=not (is_serious or backlog.held),
        severity=dg.AssetCheckSeverity.ERROR if is_serious else dg.AssetCheckSeverity.WARN,
        metadata={
            "waiting": backlog.waiting_count,
            "failed": dg.MetadataValue.json(backlog.failed),
            "late": backlog.late,
            "held": backlog.held,
        },
    )


@dg.asset_check(asset="session_files")
def nothing_is_quarantined(lake: LakeResource) -> dg.AssetCheckResult:
    """Check that the quarantine is empty.

    An error where acknowledged chunks are missing in sessions; a warning where it only holds
    chunks that conflict with an earlier chunk, which is shown instead.
    """
    quarantine = totals(lake.open(), objects_max=QUARANTINED_MAX)
    is_error = quarantine.has_loss
    return dg.AssetCheckResult(
        passed=not quarantine.object_count,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=run_metadata.ADVICE if quarantine.object_count else None,
        metadata={
            **run_metadata.of_quarantine(quarantine),
            "is_all": quarantine.object_count < QUARANTINED_MAX,
        },
    )


CHECKS = [
    columns_as_described,
    one_row_per_session,
    files_as_their_rows_say,
    nothing_waits_too_long,
    erasures_are_carried_out,
    nothing_is_quarantined,
]
