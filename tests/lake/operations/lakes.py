"""Lakes with a few days of sessions, and what their tables hold."""

import os
import signal
import subprocess
import sys
from datetime import date

import polars as pl
from polars.testing import assert_frame_equal

import lake
from lake.operations.check.finding import CheckFinding
from lake.operations.check.run import check
from lake.settings import Settings
from lake.storage.base import Store
from lake.tables.daily_summary import summarise_day
from tests.query_api.recorded import (
    NOW_MS,
    Event,
    Lakeful,
    Session,
    moves,
    note,
    page,
    script_error,
)
from tests.support.processes import environ_of

DAY_MS = 86_400_000
TABLES = ("sessions", "pages", "errors", "signals", "daily_summary")
Tables = dict[str, pl.DataFrame]


def filled(
    lakeful: Lakeful, *, days_ago: tuple[int, ...] = (0, 1, 5), each: int = 3
) -> list[Session]:
    """Record and compact sessions that began so many days ago, some with errors and signals."""
    sessions = []
    for ago in days_ago:
        for number in range(each):
            began_ms = NOW_MS - ago * DAY_MS - number * 3_600_000
            events = [*page(began_ms), *moves(began_ms + 100, 40)]
            if number % 2:
                events.append(script_error(began_ms + 5000, f"number {number} of day {ago}"))
                events += dead_click(began_ms + 5100)
            sessions.append(lakeful.record(events, began_ms=began_ms))
    compacted(lakeful, {session.day for session in sessions})
    return sessions


def dead_click(at_ms: float) -> list[Event]:
    """A click that nothing answers, and what our recorder notes of it."""
    data = {"source": 2, "type": 2, "id": 2, "x": 40, "y": 50}
    recorded = {"x": 40, "y": 50, "interactive": False, "reacted": False, "target": "main > img"}
    return [
        {"type": 3, "timestamp": at_ms, "data": data},
        note(at_ms, "click", id=2, text="a picture", **recorded),
    ]


def compacted(lakeful: Lakeful, days: set[date]) -> None:
    """Compact and summarise days."""
    lakeful.compact(*sorted(days))
    for day in days:
        summarise_day(lakeful.store, day)


def tables_of(settings: Settings) -> Tables:
    """Return what data teams see, in one order."""
    opened = lake.open(settings.lake)
    return {name: getattr(opened, name)().collect().sort(pl.all()) for name in TABLES}


def assert_same(first: Tables, other: Tables) -> None:
    for name in TABLES:
        assert_frame_equal(first[name], other[name])


def broken(store: Store, settings: Settings) -> list[CheckFinding]:
    return check(store, settings, now_ms=NOW_MS + DAY_MS)


def killed_at(point: str, settings: Settings, code: str) -> None:
    """Run `code` with `store`, `settings` and `now_ms` in a process that dies at `point`."""
    start = (
        "from lake.settings import from_environ; from lake.storage.base import open_store;"
        f"settings = from_environ(); store = open_store(settings); now_ms = {NOW_MS};"
    )
    environ = os.environ | environ_of(settings) | {"CRASH": point}
    done = subprocess.run(
        [sys.executable, "-c", start + code], env=environ, check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
