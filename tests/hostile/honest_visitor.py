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
_PARTS = 20  # chunks that make a large one
_WARM_UP_S = 0.5  # not counted
_FLOOR_S = 0.01  # a faster response is indistinguishable from the scheduler's noise


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
        """Ratio of the p99 during the attack to the p99 alone."""
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
    return uploader(port, website_id, seconds=seconds, per_s=per_s)()


def read(port: int, path: str, key: str, *, seconds: float = 4, per_s: float = 10) -> Timings:
    """GET `path` with an API key, evenly."""
    return reader(port, path, key, seconds=seconds, per_s=per_s)()


def uploader(
    port: int,
    website_id: str,
    *,
    seconds: float = 4,
    per_s: float = 20,
    large: bool = False,
    reconnecting: bool = False,
) -> Callable[[], Timings]:
    """Return what `upload` does, ready to begin: the process runs and is warm.

    So that an attack can begin with it: one request that blocks the server for long would else be
    over by the time that something is measured.

    Args:
        large: As long as a first snapshot, 2 MB of JSON; by default 105 kB.
        reconnecting: Each over a connection of its own, as new visitors come.
    """
    what = ("upload", *(["large"] if large else []), *(["reconnecting"] if reconnecting else []))
    return _in_a_process("-".join(what), port, website_id, seconds, per_s)


def reader(
    port: int,
    path: str,
    key: str,
    *,
    seconds: float = 4,
    per_s: float = 10,
    reconnecting: bool = False,
) -> Callable[[], Timings]:
    """Return what `read` does, ready to begin; `reconnecting` as of `uploader`."""
    what = "read-reconnecting" if reconnecting else "read"
    return _in_a_process(what, port, f"{path} {key}", seconds, per_s)


def _in_a_process(
    what: str, port: int, target: str, seconds: float, per_s: float
) -> Callable[[], Timings]:
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, what, str(port), target, str(seconds), str(per_s)],
        cwd=_ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # it is warm

    def timings() -> Timings:
        output, _ = process.communicate("\n")
        assert process.returncode == 0, "its error stands in the output"
        report = json.loads(output)
        statuses = Counter({int(status): count for status, count in report["statuses"].items()})
        return Timings(report["latencies_s"], statuses, report["lost"])

    return timings


def _upload_requests(website_id: str, *, large: bool) -> Iterator[load.Request]:
    raw = [plain_chunk(i) for i in range(_BODIES)]
    if large:
        events = [plain_chunk(i).removeprefix(b"[").removesuffix(b"]") for i in range(_PARTS)]
        raw = [b"[" + b",".join(events) + b"]"]
    bodies = [gzip.compress(body, 6, mtime=0) for body in raw]
    now_ms = time.time_ns() // 1_000_000
    return load.requests(bodies, website_id, now_ms - os.getpid() % 100_000)


def _read_requests(path: str, key: str) -> Iterator[load.Request]:
    head = (
        f"GET {path} HTTP/1.1\r\nHost: query.example\r\nAuthorization: Bearer {key}\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    )
    return itertools.repeat((head.encode(), b""))


def _as_last(request: load.Request) -> load.Request:
    """Ask the server to close the connection after its answer; the next one opens another."""
    head, body = request
    head = head.replace(b"Connection: keep-alive\r\n", b"")
    return head.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n", body


def main(argv: list[str]) -> None:
    """Warm up, say so by an empty line, wait for one, send and print what came back as JSON."""
    what, port, target, seconds, per_s = argv
    do, *how = what.split("-")
    if do == "read":
        source = _read_requests(*target.split(" ", 1))
    else:
        source = _upload_requests(target, large="large" in how)
    if "reconnecting" in how:
        source = map(_as_last, source)
    send = partial(load.paced, int(port), source, connections=8, rate=float(per_s))
    send(seconds=_WARM_UP_S)  # a server's first answers load what the others use
    sys.stdout.write("\n")
    sys.stdout.flush()
    sys.stdin.readline()
    result = send(seconds=float(seconds))
    report = {
        "latencies_s": result.latencies_s,
        "statuses": result.statuses,
        "lost": result.lost,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1:])
