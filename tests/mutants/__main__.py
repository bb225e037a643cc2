"""The code is broken on purpose, one mistake at a time, and the tests must notice each.

    python -m tests.mutants              # all
    python -m tests.mutants --only list  # those with `list` in their name

Works on copies. The tests that a mutant needs are run on the code as it is, too: what is red
anyway proves nothing. Exits with 1 if a mutant survives or cannot be tried.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from rich.console import Console
from rich.table import Table

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.trial import Copy, Unfit, Verdict

_JOBS = 2


def main() -> int:
    """Try them and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--only", default="", help="a part of their names")
    parser.add_argument("--jobs", type=int, default=_JOBS)
    chosen = parser.parse_args()
    mutants = [mutant for mutant in MUTANTS if chosen.only in mutant.name]
    console = Console()
    if not mutants:
        console.print(f"no mutant has {chosen.only!r} in its name")
        return 1
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="replaylake-mutants-") as name:
        verdicts = _try_all(Path(name), mutants, chosen.jobs)
    table = Table("mutant", "tests", "", "s", title="mutants")
    for mutant, verdict in zip(mutants, verdicts, strict=True):
        files = dict.fromkeys(test.partition("::")[0] for test in mutant.tests)
        names = "\n".join(file.removeprefix("tests/") for file in files)
        table.add_row(mutant.name, names, _state(verdict), f"{verdict.seconds:.0f}")
    console.print(table)
    left = [pair for pair in zip(mutants, verdicts, strict=True) if not pair[1].is_red]
    for mutant, verdict in left:
        console.print(f"\n{mutant.name}: {verdict.why.strip()}", markup=False)
    dead = len(mutants) - len(left)
    console.print(f"{dead} of {len(mutants)} red, {time.monotonic() - began_s:.0f} s")
    return 1 if left else 0


def _state(verdict: Verdict) -> str:
    if verdict.is_red:
        return "red"
    return "[bold]SURVIVED[/bold]" if verdict.has_passed else "[bold]NOT TRIED[/bold]"


def _try_all(folder: Path, mutants: list[Mutant], jobs: int) -> list[Verdict]:
    copies: SimpleQueue[Copy] = SimpleQueue()
    for number in range(jobs):
        copies.put(Copy(folder / f"{number}"))
    tests = sorted({mutant.tests for mutant in mutants})

    def as_it_is(some: tuple[str, ...]) -> Verdict:
        copy = copies.get()
        try:
            return copy.test(some)
        finally:
            copies.put(copy)

    def mistaken(mutant: Mutant) -> Verdict:
        copy = copies.get()
        try:
            return copy.try_out(mutant)
        except Unfit as error:
            return Verdict(False, str(error), 0.0)
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(jobs) as pool:
        before = dict(zip(tests, pool.map(as_it_is, tests), strict=True))
        verdicts = list(pool.map(mistaken, mutants))
    return [
        verdict
        if before[mutant.tests].has_passed
        else Verdict(False, f"without it: {before[mutant.tests].why}", verdict.seconds)
        for mutant, verdict in zip(mutants, verdicts, strict=True)
    ]


if __name__ == "__main__":
    sys.exit(main())
