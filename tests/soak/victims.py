"""Processes that are killed again and again, at named points and at any moment, and come back."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lake import failpoints

# How long it lives, as often as it took to come up: on a busy machine all takes longer.
LIFE = (0.1, 2.0)
LONG_LIFE = (0.1, 6.0)  # of what has to read much first, or to wait
_UP_WITHIN_S = 300.0  # a machine may have much else to do


class Job(NamedTuple):
    """A job of a process.

    Its crash points begin with one of `prefixes`. `is_up` says whether it does its work: a kill
    before that teaches nothing. A named point may end it before its `life` does.
    """

    name: str
    command: Sequence[str]
    prefixes: tuple[str, ...]
    is_up: Callable[[Path, int], bool]
    life: tuple[float, float] = LIFE

    @property
    def points(self) -> list[str]:
        """The crash points of `lake.failpoints` that it may pass."""
        return [point for point in failpoints.FAILPOINTS if point.startswith(self.prefixes)]


class Victim:
    """One process after another, each doing one of `jobs`, until it is spared."""

    def __init__(
        self, jobs: Sequence[Job], environ: dict[str, str], folder: Path, seed: int
    ) -> None:
        self.kills: Counter[tuple[str, str]] = Counter()  # job, point
        self.failures: list[str] = []
        self._jobs = jobs
        self._environ = environ
        self._folder = folder
        self._dice = random.Random(f"{seed} {jobs[0].name}")
        self._sparing = threading.Event()
        self._thread = threading.Thread(target=self._live_and_die, daemon=True)
        self._thread.start()

    def spare(self) -> None:
        """Kill it no more, and end it."""
        self._sparing.set()
        self._thread.join()

    def _live_and_die(self) -> None:
        while not self._sparing.is_set():
            job = self._dice.choice(self._jobs)
            point = self._dice.choice([*job.points, *job.points, ""])
            times = self._dice.choice((1, 1, 2, 5, 20))
            path = self._folder / f"{job.name}.log"
            with path.open("ab") as log:
                start = log.tell()
                process = subprocess.Popen(
                    job.command,
                    env=os.environ | self._environ | {"CRASH": f"{point}@{times}" if point else ""},
                    stdout=log,
                    stderr=log,
                )
            self._watch(process, job, path, start)
            how = point or "any moment"
            if process.poll() is None:
                process.kill()
                process.wait()
                how = "any moment"
            if process.returncode != -signal.SIGKILL:
                text = path.read_bytes()[start:].decode(errors="replace")[-1500:]
                self.failures.append(f"{job.name} ended with {process.returncode}: {text}")
                return
            self.kills[job.name, how] += 1

    def _watch(self, process: "subprocess.Popen[bytes]", job: Job, log: Path, start: int) -> None:
        """Return when it is dead, or has lived long enough."""
        began = time.monotonic()
        while process.poll() is None and not job.is_up(log, start):
            if time.monotonic() > began + _UP_WITHIN_S:
                self.failures.append(f"{job.name} did not come up")
                return
            time.sleep(0.02)
        now = time.monotonic()
        end = now + (now - began) * self._dice.uniform(*job.life)
        while process.poll() is None and time.monotonic() < end and not self._sparing.is_set():
            time.sleep(0.01)
