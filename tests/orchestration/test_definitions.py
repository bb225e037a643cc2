import os
import subprocess
import sys
from pathlib import Path

import msgspec.yaml
from dagster._core.instance.config import dagster_instance_config

from orchestration.demo import dagster_home

PROJECT = Path(__file__).parent.parent.parent


def test_the_workspace_loads(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=PROJECT,
        env=os.environ | {"DAGSTER_HOME": str(tmp_path), "REPLAY_LAKE": str(tmp_path / "lake")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "lake").exists()  # loading code opens no lake


def test_the_instance_is_configured_as_dagster_understands_it(tmp_path: Path) -> None:
    dagster_home.make_home(tmp_path)

    config, _ = dagster_instance_config(str(tmp_path))

    assert config["telemetry"] == {"enabled": False}
    limits = config["concurrency"]["runs"]["tag_concurrency_limits"]
    assert [limit["key"] for limit in limits] == ["dagster/partition", "replaylake/day"]
    assert all(limit["limit"] == 1 for limit in limits)


def test_dagsters_code_has_annotations_that_dagster_can_read() -> None:
    for folder in ("assets", "orchestration"):
        for path in (PROJECT / folder).rglob("*.py"):
            assert "from __future__ import annotations" not in path.read_text(), path


def test_the_workspace_names_what_the_demo_serves() -> None:
    (location,) = msgspec.yaml.decode((PROJECT / "workspace.yaml").read_text())["load_from"]

    names = [argument for _, arguments in dagster_home.processes("h", 1) for argument in arguments]
    assert location["python_module"]["module_name"] in names
