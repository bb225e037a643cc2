"""Print the leaks of each shape, for docs/privacy.md: `python -m tests.privacy`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.privacy.generator import cases, outcome
from tests.recorder.browser import launched
from tests.recorder.stack import running


def main() -> int:
    """Record generated secrets and print the table; 1 if one leaks."""
    parser = argparse.ArgumentParser(prog="python -m tests.privacy")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--cases", type=int, default=3_000)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as services,
        launched() as browser,
        browser.new_context() as context,
    ):
        result = outcome(services, context.new_page(), cases(chosen.seed, chosen.cases))
    sys.stdout.write(f"{result.table()}\n{result.report()}\n")
    return 1 if result.leaked else 0


if __name__ == "__main__":
    sys.exit(main())
