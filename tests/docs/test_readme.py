"""The commands of the README work as they are written, but for the ports."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.recorder.browser import launched, recorded

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WAIT_S = 120.0

pytestmark = [pytest.mark.long, pytest.mark.folder]


def block(language: str, containing: str) -> str:
    """The code block of a language that contains a text."""
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return next(text for text in blocks if containing in text)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def fetch(url: str, headers: dict[str, str] | None = None) -> str:
    """Wait for a server and return its first response."""
    request = urllib.request.Request(url, headers=headers or {})
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                body: bytes = answer.read()
            return body.decode()
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


def test_the_lines_for_an_own_lake_serve_a_recorded_page(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    ports = {port: free_port() for port in ("8000", "8100", "8200")}
    lines = re.sub("|".join(ports), lambda match: ports[match[0]], block("sh", "website create"))
    lines = lines.replace("replaylake ingest", f"replaylake ingest --port {ports['8100']}")
    lines = lines.replace("replaylake query", f"replaylake query --port {ports['8200']}")
    # As pasted into a terminal: a failed line does not end the shell, but shows here.
    script = f"set -E; trap 'echo FAILED: $BASH_COMMAND' ERR\n{lines}\nread; kill $(jobs -p); wait"
    with (tmp_path / "out").open("w") as out:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=tmp_path, stdin=subprocess.PIPE, stdout=out, text=True
        )
    try:
        ingest, query = (f"http://localhost:{ports[port]}" for port in ("8100", "8200"))
        page_url = f"http://localhost:{ports['8000']}"
        assert f'src="{ingest}/r.js"' in fetch(page_url)
        assert len(fetch(f"{ingest}/r.js")) > 1000
        assert "<!doctype html>" in fetch(query).lower()
        [key] = re.findall(rf"{query}/#key=(\S+)", (tmp_path / "out").read_text())
        website_id = re.findall(r'data-website="(\w+)"', fetch(page_url))[0]
        with launched() as browser:
            page = browser.new_page()
            page.goto(page_url)
            page.get_by_role("button").click()
            session_id = recorded(page)
            session = f"{query}/api/websites/{website_id}/sessions/{session_id}"
            assert "shop" in fetch(f"{query}/api/me", {"Authorization": f"Bearer {key}"})
            assert session_id in fetch(session, {"Authorization": f"Bearer {key}"})
    finally:
        shell.communicate("\n", timeout=WAIT_S)
    assert "FAILED" not in (tmp_path / "out").read_text()

    subprocess.run([sys.executable, "-c", block("python", "import lake")], cwd=tmp_path, check=True)


def test_dagster_loads_with_the_configuration_of_the_readme(tmp_path: Path) -> None:
    (tmp_path / "orchestration").symlink_to(ROOT / "orchestration")
    lines = block("sh", "DAGSTER_HOME").replace(
        "dagster dev -m orchestration.definitions --port 8300",
        "dagster definitions validate -m orchestration.definitions",
    )
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-ec", lines],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "REPLAY_LAKE": str(tmp_path / "lake")},
        check=True,
        timeout=WAIT_S,
    )
