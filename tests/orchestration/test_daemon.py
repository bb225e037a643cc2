"""Dagster as it runs in earnest: a code server, a daemon and a webserver, some of them killed."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from lake.compaction import pending_days
from lake.operations.check.run import check
from lake.settings import Settings
from lake.storage.base import Store
from lake.timestamps import utc_day
from orchestration.demo import dagster_home
from tests.conftest import eventually
from tests.orchestration.lakes import RECORDINGS, add_session, events_of, make_website, played
from tests.support.processes import free_port

LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
RUNS = "{ runsOrError { ... on Runs { results { runId status tags { key value } } } } }"
LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries {
    name locationOrLoadError { ... on RepositoryLocation { repositories { name } } }
} } } }
"""


class Dagster:
    """Dagster's processes on one home. What is started is killed in the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands = dict(dagster_home.processes("127.0.0.1", self.port))
        dagster_home.make_home(home)

    def start(self, name: str, **environment: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=self.home,
                env=os.environ | {"DAGSTER_HOME": str(self.home)} | environment,
                stdout=log,
                stderr=log,
            )

    def kill(self, *names: str) -> None:
        for name in names or list(self._running):
            process = self._running.pop(name)
            process.kill()
            process.wait()

    def query_graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": query, "variables": variables},
            timeout=60,
        ).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def is_up(self) -> bool:
        try:
            return bool(self.repository())
        except httpx.TransportError:
            return False

    def repository(self) -> dict[str, str]:
        for location in self.query_graphql(LOCATIONS)["workspaceOrError"]["locationEntries"]:
            for repository in (location["locationOrLoadError"] or {}).get("repositories", []):
                return {
                    "repositoryLocationName": location["name"],
                    "repositoryName": repository["name"],
                }
        return {}

    def launch(self, job: str, day: date) -> str:
        params = {
            "selector": {**self.repository(), "jobName": job},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": str(day)}]},
            "runConfigData": {},
        }
        launched = self.query_graphql(LAUNCH, params=params)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id: str = launched["run"]["runId"]
        return run_id

    def statuses(self) -> dict[str, str]:
        runs = self.query_graphql(RUNS)["runsOrError"]["results"]
        return {run["runId"]: run["status"] for run in runs}


@pytest.fixture
def dagster(tmp_path: Path) -> Iterator[Dagster]:
    home = Dagster(tmp_path / "dagster")
    try:
        yield home
    finally:
        home.kill()


@pytest.mark.fault(14, 44)
def test_a_day_is_compacted_after_run_and_daemon_are_killed(
    dagster: Dagster, store: Store, settings: Settings
) -> None:
    """Fault 44: the worker dies between two commits, then the machine goes down."""
    now_ms = time.time_ns() // 1_000_000
    website_id = make_website(store, now_ms=now_ms)
    session_id = add_session(store, settings, website_id, begins_ms=now_ms, now_ms=now_ms)
    day = utc_day(now_ms)
    dagster.start("dagster-code", CRASH="compact-after-sessions-commit")
    eventually((dagster.home / dagster_home.SOCKET).exists, within_s=180)
    dagster.start("dagster-daemon")
    dagster.start("dagster-web")
    eventually(dagster.is_up, within_s=180)

    run_id = dagster.launch("compact", day)
    # The first of its tables is written, so that it is in the middle: it dies there.
    eventually(lambda: bool(list(store.list("tables/sessions/_delta_log/"))), within_s=180)
    dagster.kill("dagster-daemon", "dagster-code")
    assert pending_days(store) == [day]
    is_believed_in = dagster.statuses()[run_id] != "FAILURE"

    dagster_home.make_home(dagster.home)
    assert dagster_home.abandon_runs(dagster.home) == is_believed_in
    dagster.start("dagster-code")
    eventually((dagster.home / dagster_home.SOCKET).exists, within_s=180)
    dagster.start("dagster-daemon")

    eventually(lambda: "SUCCESS" in dagster.statuses().values(), within_s=180)
    assert dagster.statuses()[run_id] == "FAILURE"
    assert pending_days(store) == []
    assert check(store, settings, now_ms=now_ms) == []
    events = played(store, settings, website_id, session_id, now_ms=now_ms)
    assert len(events) == len(events_of(RECORDINGS[0]))
