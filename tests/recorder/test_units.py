"""The recorder's parts that need no browser are tested by node itself."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDER = ROOT / "ingest_api" / "recorder"


def test_recorder_unit_tests_pass() -> None:
    environ = os.environ | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap"],
        cwd=RECORDER,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.findall(r"^ *not ok \d+ - (.*)$", done.stdout, re.MULTILINE)
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)

    assert (done.returncode, failed) == (0, []), done.stderr[-2000:]
    assert passed
    assert int(passed[1]) > 0
