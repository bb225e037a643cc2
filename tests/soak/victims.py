"""Processes that are killed again and again, at named points and at any moment, and come back."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_LIFE_S = (0.1, 3.0)  # after it is up; a named point may end it sooner
_UP_WITHIN_S = 60.0


class Victim:
    """One process. `points` are the crash points of `lake.crash` that it may pass.

    Args:
        is_up: Says whether the process does its work; a kill before that teaches nothing.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: dict[str, str],
        points: Sequence[str],
        log: Path,
        is_up: Callable[[Path, int], bool],
        seed: int,
    ) -> None:
        self.name = name
        self.kills: dict[str, int] = {}
        self.failures: list[str] = []
        self._command = command
        self._environ = environ
        self._points = points
        self._log = log
        self._is_up = is_up
        self._dice = random.Random(seed)
        self._sparing = threading.Event()
        self._thread = threading.Thread(target=self._live_and_die, daemon=True)
        self._thread.start()

    def spare(self) -> None:
        """Kill it no more, and end it."""
        self._sparing.set()
        self._thread.join()

    def _live_and_die(self) -> None:
        while not self._sparing.is_set():
            point = self._dice.choice([*self._points, *self._points, ""])
            times = self._dice.choice((1, 1, 2, 5, 20))
            with self._log.open("ab") as log:
                start = log.tell()
                process = subprocess.Popen(
                    self._command,
                    env=os.environ | self._environ | {"CRASH": f"{point}@{times}" if point else ""},
                    stdout=log,
                    stderr=log,
                )
            self._watch(process, start)
            how = point or "any moment"
            if process.poll() is None:
                process.kill()
                process.wait()
                how = "any moment"
            if process.returncode != -signal.SIGKILL:
                self.failures.append(f"{self.name} ended with {process.returncode}")
                return
            self.kills[how] = self.kills.get(how, 0) + 1

    def _watch(self, process: "subprocess.Popen[bytes]", start: int) -> None:
        """Return when it is dead, or has lived long enough."""
        deadline = time.monotonic() + _UP_WITHIN_S
        while process.poll() is None and not self._is_up(self._log, start):
            if time.monotonic() > deadline:
                self.failures.append(f"{self.name} did not come up")
                return
            time.sleep(0.02)
        end = time.monotonic() + self._dice.uniform(*_LIFE_S)
        while process.poll() is None and time.monotonic() < end and not self._sparing.is_set():
            time.sleep(0.01)
