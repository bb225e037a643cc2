"""Dagster for the demo: its home, its three processes, and runs left by a killed demo."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# Relative to the home, since a socket's path has at most a hundred characters.
SOCKET = "code.socket"
CONFIG = Path(__file__).parent.parent / "dagster.yaml"


def make_home(home: Path) -> None:
    """Write the instance's configuration; Dagster's records stay."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CONFIG, home / "dagster.yaml")
    (home / SOCKET).unlink(missing_ok=True)  # of a demo that was killed


def abandon_runs(home: Path) -> int:
    """Mark runs as failed whose processes ended with the last demo; return how many.

    Otherwise the launcher would count them as running until their timeout, and block other runs of
    their days.
    """
    import dagster as dg

    from orchestration.run_tags import LAUNCHED

    if not (home / "history").exists():
        return 0
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs = instance.get_runs(dg.RunsFilter(statuses=LAUNCHED))
        for run in runs:
            instance.report_run_failed(run, "its process ended with the demo")
    return len(runs)


def processes(host: str, port: int) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and arguments of each process, to be started in the home.

    The first serves the others on `SOCKET`. Separately they need two thirds of
    the memory of `dagster dev`.
    """
    python = [sys.executable, "-P", "-m"]  # so that a folder `lake` in the home is not imported
    code = ["dagster", "api", "grpc", "--socket", SOCKET, "-m", "orchestration.definitions"]
    yield "dagster-code", [*python, *code, "--location-name", "replaylake"]
    yield "dagster-daemon", [*python, "dagster._daemon", "run", "--grpc-socket", SOCKET]
    web = ["dagster_webserver", "--grpc-socket", SOCKET, "-h", host, "-p", str(port)]
    yield "dagster-web", [*python, *web]
