"""Processes of the demo, started, watched and ended together (see `warden`)."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from lake.errors import LakeError

_LOG_LINES_SHOWN = 15


class ProcessDied(LakeError):
    """A process of the demo ended by itself."""

    kind = "process-died"

    def __init__(self, name: str, code: int, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        super().__init__(f"{name} ended with code {code}; its log is {log}")
        self.log_lines = lines


class Processes:
    """A process group that ends with the `with` block, or with this process."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start the warden."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("warden.py"))],
            stdin=subprocess.PIPE,
            process_group=0,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Let the warden end all processes, and wait for them."""
        assert self._warden.stdin is not None
        self._warden.stdin.close()
        self._warden.wait()
        for process in self._running.values():
            process.wait()

    def start(self, name: str, arguments: Sequence[str], *, folder: Path = Path()) -> None:
        """Start a process in `folder`; its output goes to its log."""
        with (self._logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                arguments,
                cwd=folder,
                env=os.environ | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=self._warden.pid,
            )

    def check(self) -> None:
        """Check that all processes are running.

        Raises:
            ProcessDied: A process ended.
        """
        for name, process in self._running.items():
            code = process.poll()
            if code is not None:
                raise ProcessDied(name, code, self._logs / f"{name}.log")
        if self._warden.poll() is not None:
            raise ProcessDied("warden", self._warden.returncode, Path(os.devnull))
