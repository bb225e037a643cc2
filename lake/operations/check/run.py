"""Every invariant of a lake, looked at anew: what is broken, and where.

Reads all that is stored, so it takes as long as reading it; memory holds a day's rows and a frame.
What is looked at stands in `lake.operations.check`, how it is mended in `lake.operations.repair`.
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

_SUMMARY_AGE = timedelta(days=2)  # younger ones are about to be made


def check(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    report: Callable[[str], None] = lambda _: None,
) -> list[CheckFinding]:
    """Verify the lake. A session that a compaction writes meanwhile may be named wrongly.

    Where tables cannot be read, sessions are not looked at: `replaylake rebuild` or `repair`
    first.

    Raises:
        StoreUnavailable: The store failed; nothing is known.
    """
    report("control")
    broken = list(control.damaged(store))
    gone = DeletedData(store, settings, now_ms=now_ms)
    broken += gone.late()
    report("quarantine")
    broken += quarantine_findings(store)
    report("tables")
    snapshots, damaged = tables.read(store)
    broken += damaged
    if len(snapshots) < len(SCHEMAS) or any(one.kind in NEEDS_REBUILD for one in damaged):
        return broken
    names = control.website_names(store)
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    failures = Failures()
    for day in tables.days(store, snapshots):
        report(f"{day}")
        with failures.of(f"{day}"):
            waiting = PendingSegments(store, settings, gone, day)
            broken += waiting.broken
            broken += sessions.rows(store, snapshots, day, waiting.sessions, names, gone)
            broken += sessions.files(store, snapshots["sessions"], day, now, settings, gone)
            if now.date() - day > _SUMMARY_AGE:
                broken += sessions.summary(snapshots, day)
    with failures.of("quarantine"):
        broken += deleted_in_quarantine(store, gone)
    broken += [CheckFinding("check-failed", where, why) for where, why in failures.found.items()]
    return broken
