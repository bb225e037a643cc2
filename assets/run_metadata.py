"""Metadata of runs for Dagster's pages. Pure formatting.

A partition shows the metadata of its last run. They describe the day; entries about that run alone
begin with `run_`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lake.compaction import CompactionReport
from lake.operations.probes import DayTotals
from lake.operations.quarantine_contents import QuarantineTotals

ADVICE = (
    "`replaylake check` names each object; `replaylake repair` recovers readable chunks of "
    "damaged segments; `replaylake quarantine remove` deletes objects after inspection."
)
_LISTED_MAX = 20


def of_compaction(
    done: CompactionReport, day: DayTotals, quarantine: QuarantineTotals, seconds: float
) -> dict[str, Any]:
    """Return the metadata of one day after a compaction."""
    ratio = done.written_bytes / done.received_bytes if done.received_bytes else None
    report: dict[str, Any] = {
        "sessions": day.session_count,
        "events": day.event_count,
        "raw_bytes": day.raw_bytes,
        "file_bytes": day.file_bytes,
        **of_quarantine(quarantine),
        "failed": len(done.failed),
        "run_sessions": done.session_count,
        "run_chunks": done.chunk_count,
        "run_segments": done.segment_count,
        "run_received_bytes": done.received_bytes,
        "run_written_bytes": done.written_bytes,
        "run_quarantined": done.quarantined_count,
        "run_expired": done.expired_count,
        "run_erased": done.erased_count,
        "run_conflicts": done.conflict_count,
        "run_seconds": round(seconds, 3),
    }
    if ratio is not None:
        report["run_written_per_received"] = round(ratio, 3)
    if done.largest:
        report["largest_sessions"] = dg.MetadataValue.md(_largest(done))
    if done.failed:
        report["failures"] = dg.MetadataValue.md(_pairs("what", "why", done.failed))
    return report


def of_quarantine(totals: QuarantineTotals) -> dict[str, Any]:
    """Return the metadata of the quarantine.

    `quarantined` counts chunks; an unreadable object counts as at least one.
    """
    report: dict[str, Any] = {
        "quarantined": totals.chunk_count + totals.unknown_count,
        "quarantined_sessions": len(totals.sessions),
        "quarantined_conflicts": totals.conflict_count,
        "quarantined_objects": totals.object_count,
        "quarantined_unreadable_objects": totals.unknown_count,
        "quarantined_bytes": totals.size_bytes,
    }
    if totals.object_count:
        report["quarantined_advice"] = dg.MetadataValue.md(ADVICE)
        report["quarantined_some_sessions"] = [
            "/".join(key) for key in sorted(totals.sessions)[:_LISTED_MAX]
        ]
    return report


def _largest(done: CompactionReport) -> str:
    lines = ["| session | website | events | bytes |", "|---|---|--:|--:|"]
    for largest in reversed(done.largest):
        ids = f"`{largest.session_id}` | `{largest.website_id}`"
        lines.append(f"| {ids} | {largest.event_count:,} | {largest.file_bytes:,} |")
    return "\n".join(lines)


def _pairs(left: str, right: str, pairs: Mapping[str, str]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    lines += [f"| `{key}` | {value.replace('|', '/')} |" for key, value in pairs.items()]
    return "\n".join(lines)
