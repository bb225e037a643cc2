"""Jobs of a process until it is killed: `python -m tests.soak.work JOB FOLDER`.

FOLDER holds erasure requests, a file each, removed once the request is recorded.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lake import erasure
from lake.compaction import compact_day, pending_days
from lake.erasure import ErasureTargets
from lake.errors import Conflict
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.repair import repair
from lake.reading.lake_snapshot import Lake
from lake.retention.run import expire_day, expired_days
from lake.settings import Settings, from_environ
from lake.storage.base import Store, open_store
from lake.tables.daily_summary import summarise_day

_PAUSE_S = 0.05


def now_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def compact_all(store: Store, settings: Settings) -> list[str]:
    """Compact all that waits; return what failed."""
    failed = []
    for day in pending_days(store):
        done = compact_day(store, settings, day, now_ms=now_ms())
        failed += [f"{where}: {why}" for where, why in done.failed.items()]
        summarise_day(store, day)
    return failed


def expire_all(store: Store, settings: Settings) -> None:
    """Remove all that is past its website's retention."""
    for day in expired_days(store, settings, now_ms=now_ms()):
        expire_day(store, settings, day, now_ms=now_ms())


def erase_all(store: Store, settings: Settings, requests_folder: Path) -> None:
    """Record the requested erasures, then execute all pending ones."""
    reader = Lake(store, settings, now_ms)
    for path in sorted(requests_folder.glob("*.json")):
        request = json.loads(path.read_text())
        erasure.request_erasure(
            reader, request.pop("website_id"), ErasureTargets(**request), by="soak"
        )
        path.unlink()
    erasure.execute_pending_requests(store, settings, now_ms=now_ms)


def main(what: str, requests_folder: Path) -> None:
    """Repeat one job until the process is killed."""
    settings = from_environ()
    store = open_store(settings)
    work: dict[str, Callable[[], object]] = {
        "compact": partial(compact_all, store, settings),
        "maintain": lambda: maintain(store, settings, now_ms=now_ms()),
        "retention": partial(expire_all, store, settings),
        "erase": partial(erase_all, store, settings, requests_folder),
        "repair": lambda: repair(store, settings, now_ms=now_ms()),
        "rebuild": partial(rebuild, store, settings),
    }
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while True:
        try:
            work[what]()
        except Conflict as error:
            sys.stdout.write(f"{error}\n")
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
