"""A noisy website that floods the server, with and without the limits.

A quiet website sends 20 chunks a second; a noisy one sends as fast as answers come, which 429 does
not slow. The quiet one is timed alone, beside the flood, and beside the flood with the limits set
so high that they never count; in turns, and percentiles are of all turns together. The server has
one core, both senders share another, each a process of its own.
"""

import gzip
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

import httpx

from benchmarks.ingest import load
from benchmarks.machine import cores, pinned, quantile, say, scratch, show, verdict
from benchmarks.recorded import plain_chunk
from lake.control import websites
from lake.settings import Settings
from lake.storage.base import open_store
from tests.support.processes import serving

_SERVER_CORE, _ = cores()
_QUIET_PER_S = 20.0
_BODIES = 64
_NEVER = 1_000_000  # a limit of so much is none
_P50_MAX_MS = 75.0  # as at half load: linger + 50 ms


@dataclass
class FloodResult:
    """Latencies of the quiet website and responses to the noisy one."""

    latencies_s: list[float] = field(default_factory=list)
    quiet: Counter[int] = field(default_factory=Counter)
    noisy: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    late_ms: list[float] = field(default_factory=list)


def run(*, seconds: float, turns: int, connections: int) -> None:
    """Measure it and print a table. `connections` are the noisy website's."""
    say("cutting chunks")
    bodies = [gzip.compress(plain_chunk(i), 6, mtime=0) for i in range(_BODIES)]
    with scratch() as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        settings = Settings(lake=str(folder / "lake"), address_connections_max=_NEVER)
        quiet, noisy = _website(settings), _website(settings)
        off = replace(settings, ingest_website_chunks_per_s=_NEVER, ingest_late_ms=_NEVER)
        results = {
            "alone": FloodResult(),
            "beside a flood": FloodResult(),
            "beside a flood, limits off": FloodResult(),
        }
        for turn in range(turns):
            for name, totals in results.items():
                say(f"turn {turn + 1} of {turns}: {name}")
                is_alone, is_off = name == "alone", name.endswith("off")
                with serving(
                    off if is_off else settings, folder / "log", prefix=pinned(_SERVER_CORE)
                ) as server:
                    flood = None
                    if not is_alone:
                        arguments = (
                            server.port,
                            bodies,
                            noisy,
                            connections,
                            seconds + 2,
                        )
                        flood = pool.submit(_flood, *arguments)
                        time.sleep(1)  # the flood begins first
                    source = load.requests(bodies, quiet, _now_ms() - random.randrange(100_000))
                    result = load.paced(
                        server.port, source, connections=16, seconds=seconds,
                        rate=_QUIET_PER_S,
                    )  # fmt: skip
                    totals.late_ms.append(_late_ms(server.url))
                    totals.latencies_s += result.latencies_s
                    totals.quiet += result.statuses
                    if flood is not None:
                        got = flood.result()
                        totals.noisy += got.statuses
                        totals.seconds += got.seconds
    _show(results)


def _flood(
    port: int, bodies: Sequence[bytes], website_id: str, connections: int, seconds: float
) -> load.Result:
    source = load.requests(bodies, website_id, _now_ms() - random.randrange(100_000))
    return load.flood(port, source, connections=connections, seconds=seconds)


def _website(settings: Settings) -> str:
    store = open_store(settings)
    made = websites.create(store, "Shop", origins=("https://shop.example",), now_ms=_now_ms())
    websites.change(store, made.website_id, {"enable_session_replay": True})
    return made.website_id


def _late_ms(url: str) -> float:
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    (late,) = (line for line in lines if line.startswith("replaylake_late_seconds "))
    return float(late.split()[1]) * 1000


def _show(results: dict[str, FloodResult]) -> None:
    rows = []
    for name, totals in results.items():
        p50, p95, p99 = (quantile(totals.latencies_s, q) * 1000 for q in (0.5, 0.95, 0.99))
        per_s = {status: count / totals.seconds for status, count in totals.noisy.items()}
        other = sum(count for status, count in totals.quiet.items() if status != 202)
        rows.append(
            (
                name,
                f"{p50:.0f}",
                f"{p95:.0f}",
                f"{p99:.0f}",
                other,
                f"{statistics.median(totals.late_ms):.0f}",
                f"{per_s.get(202, 0):,.0f}" if per_s else "",
                f"{per_s.get(429, 0):,.0f}" if per_s else "",
            )
        )
    columns = (
        f"a quiet website, {_QUIET_PER_S:.0f}/s", "p50 ms", "p95 ms", "p99 ms", "not 202",
        "loop late ms", "noisy 202/s", "429/s",
    )  # fmt: skip
    show("A noisy neighbour", columns, rows)
    p50_ms = quantile(results["beside a flood"].latencies_s, 0.5) * 1000
    print(f"p50 beside a flood at most {_P50_MAX_MS:.0f} ms: {verdict(p50_ms <= _P50_MAX_MS)}\n")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
