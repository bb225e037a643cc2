"""The recorder's masking functions, run by node on texts."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RECORDER = ROOT / "ingest_api" / "recorder"


def evaluate(module: str, expression: str, values: Any) -> Any:
    """Return `expression`, a function of `values`, where `m` is a module of the recorder."""
    script = (
        f"const m = await import({str(RECORDER / 'src' / module)!r});"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"console.log(JSON.stringify(({expression})(given)));"
    )
    script = f"const require = (await import('module')).createRequire('/');{script}"
    environ = os.environ | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["node", "--input-type=module", "--no-warnings", "-e", script],
        env=environ,
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def mask_all(texts: list[str]) -> list[str]:
    """Return the texts as the recorder masks them."""
    masked: list[str] = evaluate(
        "privacy/patterns.ts", "(all) => all.map((t) => m.maskPatterns(t, true, true))", texts
    )
    return masked
