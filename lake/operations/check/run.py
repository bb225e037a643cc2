"""Verification of every invariant of a lake.

Reads all that is stored; memory holds a day's rows and one frame of a file. The checks are the
modules of `lake.operations.check`. `lake.operations.repair` repairs what they find.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lake.operations.check import control, sessions, tables
from lake.operations.check.deleted_data import DeletedData
from lake.operations.check.finding import NEEDS_REBUILD, CheckFinding
from lake.operations.check.pending import (
    PendingSegments,
    deleted_in_quarantine,
    quarantine_findings,
)
from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.failures import Failures
from lake.tables.schemas import SCHEMAS

__all__ = ["NEEDS_REBUILD", "CheckFinding", "check"]

_SUMMARY_AGE = timedelta(days=2)  # younger ones may not be made yet


def check(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    report: Callable[[str], None] = lambda _: None,
) -> list[CheckFinding]:
    """Verify the lake, and return what is broken.

    A session that a compaction writes meanwhile may be reported although it is intact. Where tables
    cannot be read, sessions are not checked: run `replaylake rebuild` or `repair` first.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
        report: Called with the name of each step.

    Raises:
        StoreUnavailable: The store failed; nothing is known.
    """
    report("control")
    broken = list(control.damaged(store))
    erased = DeletedData(store, settings, now_ms=now_ms)
    broken += erased.late()
    report("quarantine")
    broken += quarantine_findings(store)
    report("tables")
    snapshots, damaged = tables.read(store)
    broken += damaged
    if len(snapshots) < len(SCHEMAS) or any(item.kind in NEEDS_REBUILD for item in damaged):
        return broken
    names = control.website_names(store)
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    failures = Failures()
    for day in tables.days(store, snapshots):
        report(f"{day}")
        with failures.of(f"{day}"):
            waiting = PendingSegments(store, settings, erased, day)
            broken += waiting.broken
            broken += sessions.rows(store, snapshots, day, waiting.sessions, names, erased)
            broken += sessions.files(store, snapshots["sessions"], day, now, settings, erased)
            if now.date() - day > _SUMMARY_AGE:
                broken += sessions.summary(snapshots, day)
    with failures.of("quarantine"):
        broken += deleted_in_quarantine(store, erased)
    broken += [CheckFinding("check-failed", where, why) for where, why in failures.reasons.items()]
    return broken
