import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from lake.recordings import read_events
from orchestration.demo.visitors import UPLOAD_EVERY_MS, uploads
from tests.conftest import eventually
from tests.orchestration.lakes import RECORDINGS
from tests.processes import free_port

VARIABLES = ("INGEST_PORT", "QUERY_PORT", "DAGSTER_PORT")


class Demo:
    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self.folder = folder
        self.process = process
        self.told = folder / "told"

    def wait_until_told(self) -> str:
        eventually(lambda: "Visitors are coming in" in self.told.read_text(), within_s=300)
        return self.told.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def sessions(self) -> dict[str, Any]:
        found = re.search(
            r"-H '(Authorization): (Bearer \S+)' '(\S+sessions)\?", self.told.read_text()
        )
        assert found is not None, self.told.read_text()
        answer = httpx.get(found[3], headers={found[1]: found[2]})
        assert answer.status_code == 200, answer.text
        listed: dict[str, Any] = answer.json()
        return listed


@pytest.fixture
def ports() -> dict[str, str]:
    return {name: str(free_port()) for name in VARIABLES}


@contextmanager
def running(folder: Path, ports: dict[str, str]) -> Iterator[Demo]:
    with (folder / "told").open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "demo"],
            cwd=folder,
            env={k: v for k, v in os.environ.items() if k != "REPLAY_LAKE"} | ports,
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Demo(folder, process)
    finally:
        process.kill()
        process.wait()


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_the_demo_shows_sessions_and_ends_with_all_its_processes(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    with running(tmp_path, ports) as demo:
        told = demo.wait_until_told()
        assert all(f"http://localhost:{port}" in told for port in ports.values())
        assert demo.sessions()["total"] >= 6
        eventually(lambda: any(one["isLive"] for one in demo.sessions()["sessions"]))
        replay = re.search(r"'(\S+/api/replay/\S+)'", told)
        key = re.search(r"Bearer (\S+?)'", told)
        assert replay is not None
        assert key is not None
        answer = httpx.get(replay[1], headers={"Authorization": f"Bearer {key[1]}"})
        assert len(answer.text.splitlines()) == int(answer.headers["X-Event-Count"])
        children = demo.children()
        assert len(children) >= 7

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
            assert "already" in second.told.read_text()
        assert demo.sessions()["total"] >= 7
        children = demo.children()
        demo.process.kill()
        eventually(lambda: are_gone(children))

    # A process that ends by itself ends the demo, which says so.
    with running(tmp_path, ports) as demo:
        demo.wait_until_told()
        children = demo.children()
        (query,) = (one for one in children if "query" in one.cmdline())
        query.kill()
        assert demo.process.wait(120) == 1
        assert "query ended" in demo.told.read_text()
        assert "Traceback" not in demo.told.read_text()
        eventually(lambda: are_gone(children))


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_port_that_is_taken_is_told_by_the_name_of_its_variable(
    variable: str, tmp_path: Path, ports: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = ports | {variable: str(other.getsockname()[1])}
        with running(tmp_path, taken) as demo:
            assert demo.process.wait(120) == 1
    assert variable in demo.told.read_text()
    assert "Traceback" not in demo.told.read_text()


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_a_visit_sends_every_event_once_in_order_and_a_page_at_a_time(path: Path) -> None:
    events = list(read_events(path, event_bytes_max=1 << 25))

    sent = list(uploads(events))

    assert [event for upload in sent for event in upload.events] == events
    places = [(upload.page_no, upload.seq) for upload in sent]
    assert len(set(places)) == len(places)
    assert sorted(places) == places
    assert (
        max(page_no for page_no, _ in places) == sum(b'"type":0' in e.json[:9] for e in events) - 1
    )
    for upload in sent:
        assert upload.events[-1].at_ms - upload.events[0].at_ms < UPLOAD_EVERY_MS
