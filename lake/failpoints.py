"""Named points where a test may kill the process: `CRASH=<name>` in its environment.

`CRASH=<name>@3` dies when the point is passed for the third time.

A failpoint costs one comparison and does nothing in production. The names are listed here, so that
a test can reach each of them.
"""

import os
import signal

FAILPOINTS = (
    "ingest-before-put",
    "ingest-after-put",
    "store-between-write-and-link",
    "compact-after-session-file",
    "compact-before-sessions-commit",
    "compact-after-sessions-commit",
    "compact-after-derived-commits",
    "compact-mid-delete",
    "layout-after-commit",
    "retention-after-rows",
    "retention-mid-delete",
    "rebuild-after-delete",
    "rescore-after-table",
    "erase-after-tombstone",
    "erase-after-rows",
    "erase-mid-delete",
    "erase-before-receipt",
    "repair-after-quarantine",
    "audit-before-commit",
    "audit-after-commit",
)

_armed, _, _times = os.environ.get("CRASH", "").partition("@")
_left = int(_times or 1)
if _armed and _armed not in FAILPOINTS:
    raise SystemExit(f"CRASH={_armed} names no crash point; there are: {', '.join(FAILPOINTS)}")


def failpoint(name: str) -> None:
    """Die here, as by `kill -9`, if a test asked for it."""
    global _left
    if name == _armed:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
