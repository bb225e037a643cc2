"""Repair of what `lake.operations.check.run` finds, from what can still be read.

Session files are the truth: rows are made from them, as `lake.operations.rebuild` makes all.
Damaged and foreign objects are copied to quarantine, with the reason, before rows change, and are
deleted after: an interrupted run is repeated. Damaged segments are read chunk by chunk
(`lake.operations.segment_salvage`), also those that a compaction quarantined. Chunks that can be
read are pending again; the others stay in quarantine for an operator. Compactions may run
meanwhile. Nothing that can be read is dropped.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from lake.erasure import resurfaced
from lake.errors import Conflict, StoreUnavailable
from lake.operations import segment_salvage
from lake.operations.check.delta_logs import repair_checkpoints
from lake.operations.check.finding import NEEDS_REBUILD, CheckFinding
from lake.operations.check.run import check
from lake.operations.repair_report import RepairAction, RepairReport
from lake.operations.session_repair import SessionRepairer, quarantine_object
from lake.retry import retried
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.failures import Failures, reason_of
from lake.tables.daily_summary import summarise_day
from lake.tables.session_rows import SessionKey

__all__ = ["RepairReport", "repair"]

_log = logging.getLogger(__name__)
_BATCH = 200  # sessions of one commit
_SEGMENTS = ("segment-damaged", "segment-misplaced", "chunk-damaged", "quarantined-segment")
_SESSIONS = (
    *("session-file-missing", "session-file-damaged", "session-doubled", "row-wrong"),
    *("row-without-session", "orphan", "unmerged", "superseded"),
)
_INSPECT = "look at it, then `replaylake quarantine remove` it"
_ADVICE = {
    "quarantined-chunks": _INSPECT,
    "quarantined-object": _INSPECT,
    "erased-still-there": "its erasure is asked for again: run `replaylake erase --waiting`",
    "expired-still-there": "run `replaylake retention`",
    "control-damaged": "put back what it was, or make it anew",
    "erasure-impossible": "cancel it",
    "check-failed": "look at it",
    "erasure-late": "run `replaylake erase`",
    "website-unknown": "put its document back; what is there stays",
}


def repair(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    dry_run: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> RepairReport:
    """Check the lake, and repair what is broken. Safe to run twice.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
        dry_run: Change nothing, and report what would be done.
        report: Called with the name of each step.

    Raises:
        Conflict: Other writers were faster each time; run it again.
        StoreUnavailable.
    """
    findings = check(store, settings, now_ms=now_ms, report=report)
    done = RepairReport()
    if _repair_checkpoints(store, findings, done, dry_run=dry_run) and not dry_run:
        # Now all tables can be read.
        findings = check(store, settings, now_ms=now_ms, report=report)
    for finding in findings:
        _repair_or_advise(store, finding, done, dry_run=dry_run)
    if not dry_run:
        back = {f.session for f in findings if f.session and f.kind == "erased-still-there"}
        resurfaced.request_removal(store, back, now_ms=now_ms, by="repair")
    _salvage_segments(store, settings, findings, done, dry_run=dry_run)
    wanted = iter(sorted({f.session for f in findings if f.session and f.kind in _SESSIONS}))
    repairer = SessionRepairer(store, settings, done, now_ms=now_ms, dry_run=dry_run)
    while batch := list(islice(wanted, _BATCH)):
        report(f"{len(batch)} sessions")
        _repair_sessions(repairer, batch, done)
    _repair_summaries(store, findings, done, dry_run=dry_run)
    return done


def _repair_checkpoints(
    store: Store, findings: Iterable[CheckFinding], done: RepairReport, *, dry_run: bool
) -> bool:
    """Repair the checkpoints of tables; return whether any was damaged."""
    damaged = [finding for finding in findings if finding.kind == "table-checkpoint-damaged"]
    for finding in damaged:
        done.done.append(RepairAction("checkpoints named anew", finding.where, finding.detail))
        if not dry_run:
            repair_checkpoints(store, finding.where.partition("/")[2])
    return bool(damaged)


def _repair_or_advise(
    store: Store, finding: CheckFinding, done: RepairReport, *, dry_run: bool
) -> None:
    """Quarantine a foreign object; for other kinds, say what an operator has to do."""
    if finding.kind in NEEDS_REBUILD:
        advice = "run `replaylake rebuild`"
    elif finding.kind in _ADVICE:
        advice = _ADVICE[finding.kind]
    elif finding.kind != "foreign-object":
        return
    elif finding.where.startswith(keys.CONTROL):
        advice = "remove it"
    else:
        done.done.append(RepairAction("moved to quarantine", finding.where, finding.detail))
        if not dry_run:
            quarantine_object(store, finding.where, finding.detail)
            store.delete([finding.where])
        return
    done.left.append(RepairAction(advice, finding.where, finding.detail))


def _salvage_segments(
    store: Store,
    settings: Settings,
    findings: Iterable[CheckFinding],
    done: RepairReport,
    *,
    dry_run: bool,
) -> None:
    damaged = {finding.where: finding.detail for finding in findings if finding.kind in _SEGMENTS}
    for key, detail in damaged.items():
        if dry_run:
            done.done.append(RepairAction("segment sorted out", key, detail))
            continue
        salvaged = segment_salvage.salvage_segment(store, settings, key)
        if salvaged is None:
            done.left.append(RepairAction("a newer version reads it", key, detail))
            continue
        if key.startswith(keys.QUARANTINE) and not any(salvaged):
            done.left.append(RepairAction(f"nothing of it can be read: {_INSPECT}", key, detail))
            continue
        what = f"segment sorted out: {salvaged.pending_count} chunks go on waiting"
        if salvaged.quarantined_count:
            what += f", {salvaged.quarantined_count} in quarantine"
        done.done.append(RepairAction(what, key, detail))


def _repair_sessions(
    repairer: SessionRepairer, batch: list[SessionKey], done: RepairReport
) -> None:
    """Repair some sessions together or, where that fails, each by itself."""
    try:
        repairer.repair(batch)
    except (Conflict, MemoryError, OSError, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - other sessions must not wait for this one
        if len(batch) == 1:
            _log.error("%s not mended", "/".join(batch[0]), exc_info=error)
            done.left.append(RepairAction("look at it", "/".join(batch[0]), reason_of(error)))
            return
        for key in batch:
            _repair_sessions(repairer, [key], done)


def _repair_summaries(
    store: Store, findings: Iterable[CheckFinding], done: RepairReport, *, dry_run: bool
) -> None:
    """Make the summaries of days that are stale, or whose sessions were repaired."""
    stale = {finding.day for finding in findings if finding.kind == "summary-stale"}
    days = {f.day for f in findings if f.day and f.kind in ("summary-stale", *_SESSIONS)}
    failures = Failures()
    for day in sorted(days):
        where = f"daily_summary: {day}"
        if day in stale:
            done.done.append(RepairAction("summary made anew", where, "it was stale"))
        if not dry_run:
            with failures.of(where):
                retried(partial(summarise_day, store, day))
    done.left += [RepairAction("run it again", what, why) for what, why in failures.reasons.items()]
