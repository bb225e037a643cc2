"""The lakes that are watched, and the query API over them, with a page of another player beside.

The clock of the API stands still at the time for which the sessions were made, so that nothing of
them ever expires and the live one stays live.

A program too: `python -m benchmarks.player.served LAKE RIVAL PORT`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import uvicorn
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from benchmarks.compaction.days import append_all
from benchmarks.listing.generated import NOW_MS, generate, website_id
from benchmarks.machine import MB, say
from benchmarks.recorded import WEBSITE, Session
from lake import ids
from lake.compaction import compact_day
from lake.control import api_keys, websites
from lake.raw import segment_writer
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store, open_store
from query_api.app import create_app

HOUR_MS = 3_600_000
_HERE = Path(__file__).parent
_RRWEB = _HERE.parents[1] / "query_api" / "dashboard" / "node_modules" / "rrweb" / "dist"
_MODULES = _HERE / "node_modules"
_PLAYER = _MODULES / "rrweb-player" / "dist"
_LIVE_MS = 40_000  # of it have arrived


class Watched(NamedTuple):
    """The sessions of a lake, and a key to them. `bytes` is of their events as JSON."""

    key: str
    short: str
    long: str
    live: str
    long_bytes: int


def fill_list(folder: Path, sessions: int) -> str:
    """Make a lake of so many sessions in the list, and return a key to its biggest website."""
    store = open_store(Settings(lake=str(folder)))
    say(f"making {sessions:,} sessions")
    for _ in generate(store, sessions):
        pass
    return _key(store, website_id(0))


def fill_sessions(folder: Path, long_mb: int) -> Watched:
    """Make a lake of three sessions: of 5 minutes, of an hour and `long_mb`, and a live one."""
    settings = Settings(lake=str(folder))
    store = open_store(settings)
    short = Session(1, NOW_MS - 3 * HOUR_MS, duration_ms=300_000)
    long = _busy_hour(long_mb * MB)
    raw_bytes, _ = append_all(store, [long])
    append_all(store, [short])
    for session in (short, long):
        done = compact_day(store, settings, ids.day_of(session.session_id), now_ms=NOW_MS)
        assert not done.failed
    live = Session(2, NOW_MS - _LIVE_MS, duration_ms=300_000)
    arrived = [chunk for chunk in live.received_chunks() if chunk.received_at // 1000 <= NOW_MS]
    segment_writer.append(store, arrived, now_ms=NOW_MS)
    return Watched(
        _key(store, WEBSITE), short.session_id, long.session_id, live.session_id, raw_bytes
    )


def _busy_hour(raw_bytes: int) -> Session:
    """One hour of activity that takes `raw_bytes` bytes."""
    began_ms = NOW_MS - 5 * HOUR_MS
    hour = Session(0, began_ms, duration_ms=HOUR_MS)
    factor = raw_bytes / sum(len(chunk.raw) for chunk in hour.chunks)
    return Session(0, began_ms, duration_ms=int(HOUR_MS * factor)).paced(1 / factor)


def _key(store: Store, name: str) -> str:
    """Make a website of this very id, and a key to it."""
    made = websites.create(store, "Shop", plan="enterprise", origins=("*",), now_ms=NOW_MS)
    text = store.get(keys.website_key(made.website_id))
    store.put(keys.website_key(name), text.replace(made.website_id.encode(), name.encode()))
    return api_keys.create(store, website_id=name, role="viewer", now_ms=NOW_MS)


def rival(folder: Path) -> Path:
    """Gather what the other player's page loads, installed if need be; return where."""
    if not (_MODULES / ".package-lock.json").exists():
        say("installing rrweb-player")
        environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        subprocess.run(command, cwd=_HERE, env=environ, check=True, stdout=subprocess.DEVNULL)
    folder.mkdir()
    for name in ("rival.html", "rival.js"):
        shutil.copyfile(_HERE / "pages" / name, folder / name)
    shutil.copyfile(_PLAYER / "rrweb-player.umd.min.cjs", folder / "rrweb-player.js")
    shutil.copyfile(_PLAYER / "style.min.css", folder / "style.css")
    shutil.copyfile(_RRWEB / "rrweb.umd.min.cjs", folder / "rrweb.js")
    return folder


def command(rival_folder: Path, lake: Path) -> tuple[str, ...]:
    """Return the command of the server, for `tests.support.processes`."""
    program = (sys.executable, "-m", "benchmarks.player.served")
    return (*program, str(lake), str(rival_folder), "{port}")


def main() -> None:
    """Serve until a signal ends it."""
    lake, rival_folder, port = sys.argv[1:]
    app = create_app(Settings(lake=lake), now_ms=lambda: NOW_MS)
    # Ahead of all else, and under the same Content-Security-Policy.
    app.router.routes.insert(0, Mount("/rival", StaticFiles(directory=rival_folder)))
    uvicorn.run(app, port=int(port), log_level="warning")


if __name__ == "__main__":
    main()
