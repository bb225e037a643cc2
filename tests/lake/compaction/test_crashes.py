"""Compactors that are killed, or stopped and go on when the world has changed."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lake import failpoints
from lake.settings import Settings
from lake.storage.base import Store
from tests.support import lakes

pytestmark = pytest.mark.folder

POINTS = [name for name in failpoints.FAILPOINTS if name.startswith("compact-")]

COMPACT = """
import sys
from lake.compaction import compact_day, pending_days
from lake.settings import Settings
from lake.storage.base import open_store
"""
RUN = """
store = open_store(Settings(lake=sys.argv[1]))
for day in pending_days(store):
    compact_day(store, Settings(), day, now_ms=int(sys.argv[2]))
"""
STOP = """
import os, signal
from lake.tables import session_rows
replace = session_rows.replace
def stop(table, *rest):
    if table.name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGSTOP)
    return replace(table, *rest)
session_rows.replace = stop
"""


Process = subprocess.Popen[bytes]


def compactor(settings: Settings, *, crash: str = "", stop_before: str = "") -> Process:
    """Start a process that compacts all; it dies at `crash`, or stops before a table's commit."""
    code = COMPACT + (STOP if stop_before else "") + RUN
    arguments = [settings.lake, str(lakes.NOW_MS), stop_before]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=os.environ | {"CRASH": crash}
    )


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.fault(13, 14, 15, 28)
def test_a_kill_anywhere_loses_and_doubles_nothing(
    settings: Settings, store: Store, point: str
) -> None:
    """Faults 13, 14, 15: at each point, with a session that is new and one that grows."""
    old, new = lakes.session(1, chunk_count=4), lakes.session(2)
    lakes.append(store, old[:2])
    lakes.compact(store, settings)
    sent = old[:2]
    for part in (old[2:3] + new[:1], old[3:] + new[1:]):
        sent += part
        lakes.append(store, part[:1], part[1:])
    killed = compactor(settings, crash=point)

    assert killed.wait(60) == -signal.SIGKILL
    lakes.verify(store, sent)
    lakes.compact(store, settings)
    assert list(store.list("raw/")) == []
    lakes.verify(store, sent)
    expected = lakes.all_rows(store)
    late = lakes.chunk([lakes.click(lakes.NOW_MS)], seq=9, page=lakes.page_id(1))
    late = late._replace(session_id=old[0].session_id)
    lakes.append(store, [late])
    lakes.compact(store, settings)
    lakes.verify(store, [*sent, late])
    assert len(lakes.rows(store, "sessions")) == len(expected["sessions"])


def test_the_next_compactor_deletes_a_killed_ones_spool(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spools lie outside the lake, where erasure does not look."""
    spools = tmp_path / "tmp"
    spools.mkdir()
    monkeypatch.setenv("TMPDIR", str(spools))
    monkeypatch.setattr(tempfile, "tempdir", str(spools))
    (chunk,) = lakes.session()[:1]
    lakes.append(store, [chunk])
    assert compactor(settings, crash="compact-after-session-file").wait(60) == -signal.SIGKILL
    (left,) = spools.iterdir()
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    assert any(chunk.payload in path.read_bytes() for path in left.iterdir())

    lakes.compact(store, settings)
    assert list(spools.iterdir()) == []


@pytest.mark.parametrize("table", ["sessions", "pages", "errors", "session_files"])
@pytest.mark.fault(22)
def test_a_zombie_that_wakes_up_overwrites_nothing(
    settings: Settings, store: Store, table: str
) -> None:
    """Fault 22: stopped before one of its commits, while another compacts and deletes segments."""
    first, second, third = lakes.session(chunk_count=3)
    lakes.append(store, [first])
    zombie = compactor(settings, stop_before=table)
    _, status = os.waitpid(zombie.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    try:
        lakes.append(store, [second])
        lakes.compact(store, settings)
        lakes.append(store, [third])
        lakes.compact(store, settings)
        lakes.verify(store, [first, second, third])
        expected = lakes.all_rows(store)
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    # It meets the same stop again when it begins anew; a second SIGCONT lets it end.
    while True:
        _, status = os.waitpid(zombie.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        os.kill(zombie.pid, signal.SIGCONT)
    zombie.returncode = os.waitstatus_to_exitcode(status)

    assert zombie.returncode == 0
    lakes.verify(store, [first, second, third])
    assert lakes.all_rows(store) == expected
