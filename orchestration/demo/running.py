"""Runs the demo until it is stopped or one of its processes ends.

The lake, its logs and Dagster's records stay for the next start.
"""

import fcntl
import http.client
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lake.errors import LakeError, StoreUnavailable
from lake.settings import Settings, from_environ
from lake.storage.base import Store, open_store
from orchestration.demo import chromium, dagster_home, seeding
from orchestration.demo.ports import HOST, Ports, free_ports
from orchestration.demo.processes import ProcessDied, Processes
from orchestration.demo.seeding import Demo

_START_MAX_S = 240.0
_LOOK_EVERY_S = 0.2


class DemoAlreadyRunning(LakeError):
    """Another demo runs on this lake; the two would share Dagster's runs."""

    kind = "demo-runs"


def run() -> None:
    """Run the demo until Ctrl-C or SIGTERM.

    Raises:
        SettingInvalid: A port or a setting is malformed.
        PortTaken: Another program uses one of the ports.
        DemoAlreadyRunning: Another demo runs on this lake.
        ProcessDied: A process ended by itself; all others were ended too.
        StoreUnavailable: The lake cannot be opened, or a service did not answer in time.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    ports = free_ports(os.environ)
    settings = from_environ()
    store = open_store(settings)
    folder = _folder(settings)
    with _exclusive(folder):
        _run(store, settings, folder, ports, stop)


def _run(
    store: Store, settings: Settings, folder: Path, ports: Ports, stop: threading.Event
) -> None:
    home = folder / "dagster"
    demo = seeding.seed(
        store,
        settings,
        folder / "demo.json",
        shop_port=ports.shop,
        now_ms=time.time_ns() // 1_000_000,
    )
    dagster_home.make_home(home)
    dagster_home.abandon_runs(home)
    environment = {
        "REPLAY_LAKE": store.url,
        # The robots' proxy sends their addresses.
        "REPLAY_TRUSTED_PROXIES": settings.trusted_proxies or HOST,
        "REPLAY_DASHBOARD_URL": settings.dashboard_url or _url(ports.query),
        "REPLAY_INGEST_URL": settings.ingest_url or _url(ports.ingest),
        "DAGSTER_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
    }
    has_robots = chromium.find() is not None
    with Processes(folder / "logs", environment) as processes:
        try:
            _start(processes, stop, home, ports, demo, has_robots=has_robots)
            if not stop.is_set():
                _print_summary(ports, demo, folder, has_robots=has_robots)
            while not stop.wait(_LOOK_EVERY_S):
                processes.check()
        except ProcessDied as died:
            for line in died.log_lines:
                print(f"  {line}", file=sys.stderr)
            raise
        print("ending …", file=sys.stderr)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder; a killed demo releases it."""
    with (folder / "demo.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoAlreadyRunning(f"a demo is running in {folder} already") from error
        yield


def _start(
    processes: Processes,
    stop: threading.Event,
    home: Path,
    ports: Ports,
    demo: Demo,
    *,
    has_robots: bool,
) -> None:
    ours = [sys.executable, "-P", "-m", "orchestration.cli"]
    processes.start("ingest", [*ours, "ingest", "--host", HOST, "--port", str(ports.ingest)])
    processes.start("query", [*ours, "query", "--host", HOST, "--port", str(ports.query)])
    code, *others = dagster_home.processes(HOST, ports.dagster)
    processes.start(*code, folder=home)
    deadline = time.monotonic() + _START_MAX_S
    _await(processes, stop, deadline, "ingest", lambda: _answers(ports.ingest, "/healthz"))
    shop = [sys.executable, "-P", "-m", "orchestration.demo.shop", str(ports.shop)]
    processes.start("shop", [*shop, _url(ports.ingest), demo.website_id])
    _await(processes, stop, deadline, "shop", lambda: _answers(ports.shop, "/"))
    if has_robots:
        robots = [sys.executable, "-P", "-m", "orchestration.demo.robots"]
        processes.start("robots", [*robots, _url(ports.shop)])
    _await(processes, stop, deadline, "dagster-code", (home / dagster_home.SOCKET).exists)
    for name, arguments in others:
        processes.start(name, arguments, folder=home)
    _await(processes, stop, deadline, "query", lambda: _answers(ports.query, "/healthz"))
    _await(
        processes, stop, deadline, "dagster-web", lambda: _answers(ports.dagster, "/server_info")
    )


def _await(
    processes: Processes,
    stop: threading.Event,
    deadline: float,
    name: str,
    is_ready: Callable[[], bool],
) -> None:
    while not is_ready() and not stop.wait(_LOOK_EVERY_S):
        processes.check()
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"{name} did not answer within {_START_MAX_S:g} s")


def _answers(port: int, path: str) -> bool:
    try:
        link = http.client.HTTPConnection(HOST, port, timeout=5.0)
        link.request("GET", path)
        is_ok = link.getresponse().status == 200
        link.close()
    except (OSError, http.client.HTTPException):
        return False
    return is_ok


def _url(port: int) -> str:
    return f"http://localhost:{port}"


def _folder(settings: Settings) -> Path:
    """Return the demo's own folder: a local lake's, else ./.replaylake."""
    name = settings.lake.removeprefix("file://")
    folder = Path("./.replaylake") if "://" in name else Path(name).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _print_summary(ports: Ports, demo: Demo, folder: Path, *, has_robots: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    ingest, query, dagster, shop = map(_url, ports)
    bearer = f"-H 'Authorization: Bearer {demo.viewer_key}'"
    lines = [
        f"[bold]Shop[/]       {shop}  (your own visit is recorded)",
        f"[bold]Dashboard[/]  {query}/#key={demo.viewer_key}",
        f"[bold]Dagster[/]    {dagster}",
        f"[bold]Ingest[/]     {ingest}",
        "",
        f"[bold]Key[/]        {demo.viewer_key}  (may read)",
        f"[bold]Admin key[/]  {demo.admin_key}",
        f"[bold]Website[/]    {demo.website_id}",
        f"[bold]Lake[/]       {escape(demo.lake)}",
        f"[bold]Logs[/]       {escape(str(folder / 'logs'))}",
    ]
    visitors = "Visitors are coming in." if has_robots else chromium.MISSING
    console = Console(soft_wrap=True)
    # Whole lines, however narrow the terminal: links and keys are to be clicked and copied.
    console.print("\n".join(lines) + "\n", highlight=False)
    console.print(
        f"curl {bearer} '{query}/api/websites/{demo.website_id}/sessions?limit=3'\n"
        f"curl --compressed {bearer} '{query}/api/replay/{demo.session_id}'\n\n"
        f"{visitors} Ctrl-C ends all of it; the data stays.",
        markup=False,
        highlight=False,
    )
