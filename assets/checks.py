"""Asset checks: what a schema says of a table, and those invariants that are cheap to look at.

Whether it all holds, to the last byte, is told by `replaylake check`.
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

NEWEST = 50  # rows whose files are looked at: a request each
MARGIN_S = 300  # a run takes its time, after the sensor's and the queue's
QUARANTINED_MAX = 1000  # objects that are looked at
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
    """Compare every table with its description."""
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
    """A session of a website has one row."""
    count = probes.doubled_count(lake.open())
    return dg.AssetCheckResult(passed=count == 0, metadata={"rows_too_many": count})


@dg.asset_check(asset="session_files", additional_deps=["sessions"])
def files_as_their_rows_say(lake: LakeResource) -> dg.AssetCheckResult:
    """The files of the newest rows exist and have the length that the row says."""
    broken = list(islice(probes.broken_files(lake.open(), newest=NEWEST), _LISTED_MAX))
    return dg.AssetCheckResult(passed=not broken, metadata={"broken": broken, "rows": NEWEST})


@dg.asset_check(asset=raw_segments.key)
def nothing_waits_too_long(lake: LakeResource) -> dg.AssetCheckResult:
    """No chunk waits longer for its compaction than the settings promise."""
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
    """No erasure has failed or is late; those that wait for a legal hold are only a warning."""
    found = probes.erasure_backlog(lake.open(), now_ms=lake.now_ms())
    is_serious = bool(found.failed or found.late)
    return dg.AssetCheckResult(
        passed=not (is_serious or found.held),
        severity=dg.AssetCheckSeverity.ERROR if is_serious else dg.AssetCheckSeverity.WARN,
        metadata={
            "waiting": found.waiting_count,
            "failed": dg.MetadataValue.json(found.failed),
            "late": found.late,
            "held": found.held,
        },
    )


@dg.asset_check(asset="session_files")
def nothing_is_quarantined(lake: LakeResource) -> dg.AssetCheckResult:
    """No chunk is in quarantine. An error where acknowledged chunks are missing in sessions.

    A warning where only chunks are there whose place had other bytes: the first ones are shown.
    """
    found = totals(lake.open(), objects_max=QUARANTINED_MAX)
    is_error = found.has_loss
    return dg.AssetCheckResult(
        passed=not found.object_count,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=run_metadata.ADVICE if found.object_count else None,
        metadata={
            **run_metadata.of_quarantine(found),
            "is_all": found.object_count < QUARANTINED_MAX,
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
