"""An honest client of another website, timed alone and beside an attack, in one run.

The client is a process of its own, so that the attacker's work in the test's process does not
count as the server's. `compare` takes turns, alone and beside the attack, because a machine that is
busy with other tests is busy in both.

    uploads = partial(upload, server.port, honest_website_id)
    measured = compare(uploads, lambda: attack(server.port), turns=2)
    assert measured.p99_ratio <= 3, measured
"""

import gzip
import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.ingest import load
from benchmarks.machine import quantile
from benchmarks.recorded import plain_chunk

_ROOT = Path(__file__).parents[2]
_BODIES = 8
_WARM_UP_S = 0.5  # not counted
_FLOOR_S = 0.01  # a faster answer is not told from the scheduler's noise


@dataclass
class Timings:
    """Latencies in seconds, counted from when a request was due, and statuses of the answers."""

    latencies_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0

    def __iadd__(self, other: "Timings") -> "Timings":
        self.latencies_s += other.latencies_s
        self.statuses += other.statuses
        self.lost += other.lost
        return self

    def quantile_ms(self, q: float) -> float:
        """Latency in ms that a share `q` of the answers does not exceed."""
        return quantile(self.latencies_s, q) * 1000


class Comparison(NamedTuple):
    """The same requests alone and beside an attack."""

    alone: Timings
    beside: Timings

    @property
    def p99_ratio(self) -> float:
        """How many times longer the p99 takes beside the attack."""
        return self.ratio(0.99)

    def ratio(self, q: float) -> float:
        """The same of any quantile. Baselines below 10 ms count as 10 ms."""
        floor_ms = _FLOOR_S * 1000
        beside_ms, alone_ms = self.beside.quantile_ms(q), self.alone.quantile_ms(q)
        return max(beside_ms, floor_ms) / max(alone_ms, floor_ms)

    def __str__(self) -> str:
        rows = (
            f"{name}: p50 {t.quantile_ms(0.5):.0f} ms, p95 {t.quantile_ms(0.95):.0f} ms, "
            f"p99 {t.quantile_ms(0.99):.0f} ms, {dict(t.statuses)}, lost {t.lost}"
            for name, t in (("alone", self.alone), ("beside", self.beside))
        )
        return "; ".join(rows)


def compare(
    measure: Callable[[], Timings],
    attack: Callable[[], AbstractContextManager[object]],
    *,
    turns: int = 2,
) -> Comparison:
    """Call `measure` alone and within `attack()`, in turns; percentiles are of all turns."""
    alone, beside = Timings(), Timings()
    for _ in range(turns):
        alone += measure()
        with attack():
            beside += measure()
    return Comparison(alone, beside)


def upload(port: int, website_id: str, *, seconds: float = 4, per_s: float = 20) -> Timings:
    """POST small chunks of new sessions, evenly, from the origin https://shop.example."""
    return _in_a_process("upload", port, website_id, seconds, per_s)


def read(port: int, path: str, key: str, *, seconds: float = 4, per_s: float = 10) -> Timings:
    """GET `path` with an API key, evenly."""
    return _in_a_process("read", port, f"{path} {key}", seconds, per_s)


def _in_a_process(what: str, port: int, target: str, seconds: float, per_s: float) -> Timings:
    command = [sys.executable, "-m", __name__, what, str(port), target, str(seconds), str(per_s)]
    done = subprocess.run(command, cwd=_ROOT, env=os.environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    statuses = Counter({int(status): count for status, count in told["statuses"].items()})
    return Timings(told["latencies_s"], statuses, told["lost"])


def _upload_requests(website_id: str) -> Iterator[load.Request]:
    bodies = [gzip.compress(plain_chunk(i), 6, mtime=0) for i in range(_BODIES)]
    now_ms = time.time_ns() // 1_000_000
    return load.requests(bodies, website_id, now_ms - os.getpid() % 100_000)


def _read_requests(path: str, key: str) -> Iterator[load.Request]:
    head = (
        f"GET {path} HTTP/1.1\r\nHost: query.example\r\nAuthorization: Bearer {key}\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    )
    return itertools.repeat((head.encode(), b""))


def main(argv: list[str]) -> None:
    """Send and print what came back as JSON."""
    what, port, target, seconds, per_s = argv
    source = _upload_requests(target) if what == "upload" else _read_requests(*target.split(" ", 1))
    send = partial(load.paced, int(port), source, connections=8, rate=float(per_s))
    send(seconds=_WARM_UP_S)  # a server's first answers load what the others use
    result = send(seconds=float(seconds))
    told = {
        "latencies_s": result.latencies_s,
        "statuses": result.statuses,
        "lost": result.lost,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
