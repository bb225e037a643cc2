"""What an operator sees of a compaction in Dagster's pages. Words and tables, no work."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lake.compaction import Compacted


def of_compaction(done: Compacted, seconds: float) -> dict[str, Any]:
    """Return the metadata of one day's compaction."""
    ratio = done.written_bytes / done.received_bytes if done.received_bytes else None
    report: dict[str, Any] = {
        "sessions": done.session_count,
        "chunks": done.chunk_count,
        "segments": done.segment_count,
        "received_bytes": done.received_bytes,
        "written_bytes": done.written_bytes,
        "raw_bytes": done.raw_bytes,
        "quarantined": done.quarantined_count,
        "expired": done.expired_count,
        "erased": done.erased_count,
        "failed": len(done.failed),
        "conflicts": done.conflict_count,
        "seconds": round(seconds, 3),
    }
    if ratio is not None:
        report["written_per_received"] = round(ratio, 3)
    if done.largest:
        report["largest_sessions"] = dg.MetadataValue.md(_largest(done))
    if done.failed:
        report["failures"] = dg.MetadataValue.md(_pairs("what", "why", done.failed))
    return report


def _largest(done: Compacted) -> str:
    lines = ["| session | website | events | bytes |", "|---|---|--:|--:|"]
    lines += [
        f"| `{one.session_id}` | `{one.website_id}` | {one.event_count:,} | {one.file_bytes:,} |"
        for one in reversed(done.largest)
    ]
    return "\n".join(lines)


def _pairs(left: str, right: str, pairs: Mapping[str, str]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    lines += [f"| `{key}` | {value.replace('|', '/')} |" for key, value in pairs.items()]
    return "\n".join(lines)
