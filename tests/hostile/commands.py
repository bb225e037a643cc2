"""`replaylake` as its users run it, in this process."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest

from orchestration.cli import main


class Ran(NamedTuple):
    """Result of a command: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def runner(
    environ: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Return a function that runs one command in an environment."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["replaylake", *arguments])
        capfd.readouterr()
        umask = os.umask(0o022)
        try:
            with pytest.raises(SystemExit) as end:
                main()
        finally:
            os.umask(umask)
        out, err = capfd.readouterr()
        return Ran(int(end.value.code or 0), out, err)

    return run
