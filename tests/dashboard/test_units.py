"""The dashboard's parts that need no browser are tested by node itself."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_dashboard_unit_tests_pass() -> None:
    environ = os.environ | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["node", "node_modules/vitest/vitest.mjs", "run", "--reporter=tap-flat"],
        cwd=ROOT / "query_api" / "dashboard",
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.findall(r"^not ok \d+ - (.*)$", done.stdout, re.MULTILINE)
    passed = re.findall(r"^ok \d+ - ", done.stdout, re.MULTILINE)

    assert (done.returncode, failed) == (0, []), done.stdout[-2000:] + done.stderr[-2000:]
    assert passed
