"""Copies of the tree in which mutants live, and pytest's verdict on one; the tree itself stays."""

import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.mutants.catalogue import Mutant

ROOT = Path(__file__).parents[2]
_PACKAGES = ("lake", "ingest_api", "query_api", "assets", "orchestration")
_LEFT_OUT = (
    ".git",
    ".venv",
    "node_modules",
    ".replaylake",
    "__pycache__",
    ".hypothesis",
    ".*_cache",
)
_LINKED = (".venv", "tests/s3/node_modules")
_TRIAL_S_MAX = 180  # a test that waits for ever is no test that turned red
# What a mistake that is none raises: the code does not even run.
_UNFIT = re.compile(
    r"\b(ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|UnboundLocalError)\b"
)


class Unfit(Exception):
    """A mutant that cannot be tried: its text is not in the file, or what it makes is no code."""


class Verdict(NamedTuple):
    """`is_red`: a test failed, and not for code that does not run; `why` says what happened."""

    is_red: bool
    why: str
    seconds: float
    has_passed: bool = False


class Copy:
    """The tree in another folder. Packages are imported from there, whatever is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        for name in _LINKED:
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)
        self._environ = os.environ | {
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",  # a mutant of the same length and second looks the same
        }
        self._check_imports()

    def _check_imports(self) -> None:
        code = (
            f"import {', '.join(_PACKAGES)}\nfor m in ({', '.join(_PACKAGES)}): print(m.__file__)"
        )
        done = self._run([sys.executable, "-c", code], timeout_s=60)
        matches = [Path(line) for line in done.stdout.splitlines()]
        if len(matches) != len(_PACKAGES) or not all(
            self.folder in path.parents for path in matches
        ):
            raise Unfit(f"the copy is not what is imported: {done.stdout}{done.stderr}")

    def try_out(self, mutant: Mutant) -> Verdict:
        """Run the mutant's tests on it.

        Raises:
            Unfit.
        """
        path = self.folder / mutant.path
        before = path.read_text()
        path.write_text(mutated(before, mutant))
        try:
            return self.test(mutant.tests)
        finally:
            path.write_text(before)

    def test(self, tests: Iterable[str]) -> Verdict:
        """Run some tests, up to the first that fails."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        options = ["-q", "-x", "-p", "no:cacheprovider", f"--junitxml={report}"]
        began_s = time.monotonic()
        try:
            done = self._run(
                [sys.executable, "-m", "pytest", *options, *tests], timeout_s=_TRIAL_S_MAX
            )
        except subprocess.TimeoutExpired:
            return Verdict(False, f"no end within {_TRIAL_S_MAX} s", time.monotonic() - began_s)
        seconds = time.monotonic() - began_s
        if not report.exists():
            return Verdict(False, f"pytest did not run:\n{done.stdout}{done.stderr}", seconds)
        return _verdict(report, done, seconds)

    def _run(self, command: list[str], *, timeout_s: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def mutated(text: str, mutant: Mutant) -> str:
    """Return a file's text with the mistake in it.

    Raises:
        Unfit.
    """
    for old, new in mutant.edits():
        if text.count(old) != 1:
            raise Unfit(
                f"{mutant.path} holds {text.count(old)} times what {mutant.name!r} changes:\n{old}"
            )
        text = text.replace(old, new)
    try:
        compile(text, mutant.path, "exec")
    except SyntaxError as error:
        raise Unfit(f"{mutant.name!r} makes no code of {mutant.path}: {error}") from error
    return text


def _verdict(report: Path, done: subprocess.CompletedProcess[str], seconds: float) -> Verdict:
    """A failure counts; an error while tests are collected or set up does not."""
    cases = list(ET.parse(report).getroot().iter("testcase"))
    failures = [element for case in cases for element in case.findall("failure")]
    errors = [element for case in cases for element in case.findall("error")]
    if errors or (done.returncode not in (0, 1)):
        said = "".join(error.text or "" for error in errors) or done.stdout
        return Verdict(False, f"not a test that failed:\n{said[-600:]}", seconds)
    for failure in failures:
        if _UNFIT.search(failure.get("message", "")):
            return Verdict(False, f"not what a test asserts: {failure.get('message')}", seconds)
    if not failures:
        passed = len(cases) - sum(case.find("skipped") is not None for case in cases)
        why = f"{passed} passed" if passed else "nothing ran"
        return Verdict(False, why, seconds, has_passed=passed > 0)
    return Verdict(True, (failures[0].get("message") or "").splitlines()[0][:100], seconds)
