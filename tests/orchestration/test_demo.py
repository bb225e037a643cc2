import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from lake.control import websites
from lake.settings import Settings
from lake.storage.base import open_store
from orchestration.demo import chromium, seeding
from tests.conftest import eventually
from tests.support.processes import free_port

VARIABLES = ("INGEST_PORT", "QUERY_PORT", "DAGSTER_PORT", "SHOP_PORT")


class Demo:
    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self.folder = folder
        self.process = process
        self.output = folder / "output"

    def wait_until_told(self) -> str:
        eventually(lambda: "Visitors are coming in" in self.output.read_text(), within_s=300)
        return self.output.read_text()

    def children(self) -> list[psutil.Process]:
        """All that it started: a browser's processes leave their group, and some their parent."""
        home = str(self.folder / ".replaylake" / "dagster")
        return [item for item in psutil.process_iter() if home_of(item) == home]

    def sessions(self) -> dict[str, Any]:
        match = re.search(
            r"-H '(Authorization): (Bearer \S+)' '(\S+sessions)\?", self.output.read_text()
        )
        assert match is not None, self.output.read_text()
        answer = httpx.get(match[3], headers={match[1]: match[2]})
        assert answer.status_code == 200, answer.text
        listed: dict[str, Any] = answer.json()
        return listed


def home_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("DAGSTER_HOME")
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return None


def browsers(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if "--headless" in " ".join(process.cmdline())]


@pytest.fixture
def ports() -> dict[str, str]:
    return {name: str(free_port()) for name in VARIABLES}


@contextmanager
def running(folder: Path, ports: dict[str, str]) -> Iterator[Demo]:
    with (folder / "output").open("wb") as recorded:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "demo"],
            cwd=folder,
            env={k: v for k, v in os.environ.items() if k != "REPLAY_LAKE"} | ports,
            stdout=recorded,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Demo(folder, process)
    finally:
        process.kill()
        process.wait()


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes
    )


def test_the_demo_shows_sessions_and_ends_with_all_its_processes(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    with running(tmp_path, ports) as demo:
        recorded = demo.wait_until_told()
        assert all(f"http://localhost:{port}" in recorded for port in ports.values())
        assert demo.sessions()["total"] >= 6
        eventually(lambda: any(child["isLive"] for child in demo.sessions()["sessions"]))
        replay = re.search(r"'(\S+/api/replay/\S+)'", recorded)
        key = re.search(r"Bearer (\S+?)'", recorded)
        assert replay is not None
        assert key is not None
        assert f"http://localhost:{ports['QUERY_PORT']}/#key={key[1]}\n" in recorded
        who = {"Authorization": f"Bearer {key[1]}"}
        me = httpx.get(replay[1].split("/api/")[0] + "/api/me", headers=who).json()
        assert me["ingestUrl"] == f"http://localhost:{ports['INGEST_PORT']}"
        answer = httpx.get(replay[1], headers=who)
        assert len(answer.text.splitlines()) == int(answer.headers["X-Event-Count"])
        children = demo.children()
        assert len(children) >= 9
        assert browsers(children)

        demo.process.send_signal(signal.SIGINT)

        assert demo.process.wait(120) == 0
        eventually(lambda: are_gone(children))

    # A second start keeps the data, and a killed one leaves nothing running either.
    with running(tmp_path, ports) as demo:
        assert key[1] in demo.wait_until_told()
        others = {name: str(free_port()) for name in VARIABLES}
        (tmp_path / "other").mkdir()
        environment = {"REPLAY_LAKE": str(tmp_path / ".replaylake")}
        with running(tmp_path / "other", others | environment) as second:
            assert second.process.wait(120) == 1
            assert "already" in second.output.read_text()
        assert demo.sessions()["total"] >= 7
        eventually(lambda: bool(browsers(demo.children())))
        children = demo.children()
        demo.process.kill()
        eventually(lambda: are_gone(children))

    # A process that ends by itself ends the demo, which says so.
    with running(tmp_path, ports) as demo:
        demo.wait_until_told()
        children = demo.children()
        (query,) = (child for child in children if "query" in child.cmdline())
        query.kill()
        assert demo.process.wait(120) == 1
        assert "query ended" in demo.output.read_text()
        assert "Traceback" not in demo.output.read_text()
        eventually(lambda: are_gone(children))


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_taken_port_is_reported_with_its_variable(
    variable: str, tmp_path: Path, ports: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = ports | {variable: str(other.getsockname()[1])}
        with running(tmp_path, taken) as demo:
            assert demo.process.wait(120) == 1
    assert variable in demo.output.read_text()
    assert "Traceback" not in demo.output.read_text()


def test_a_demo_without_chromium_names_the_package(tmp_path: Path, ports: dict[str, str]) -> None:
    with running(tmp_path, ports | {"PATH": ""}) as demo:
        eventually(lambda: chromium.MISSING in demo.output.read_text(), within_s=300)

        assert demo.sessions()["total"] >= 6


def test_a_shop_that_moved_to_another_port_may_still_record(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "lake"))
    store, note = open_store(settings), tmp_path / "demo.json"
    now_ms = int(time.time() * 1000)
    made = seeding.seed(store, settings, note, shop_port=8400, now_ms=now_ms)

    again = seeding.seed(store, settings, note, shop_port=8500, now_ms=now_ms)

    assert again == made
    site = websites.get(store, made.website_id)
    for port in (8400, 8500):
        assert websites.allows_origin(site, f"http://localhost:{port}")
        assert websites.allows_origin(site, f"http://127.0.0.1:{port}")
    assert not websites.allows_origin(site, "http://localhost:8600")
