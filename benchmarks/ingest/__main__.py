"""Chunks per second on one core, beside a plain endpoint and the sum of its parts.

    python -m benchmarks.ingest [--s3] [--seconds 8]

The server has one core, the load generator another. Everything that is compared runs in turns in
the same run, and medians are of all turns.
"""

import argparse
import gzip
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil

from benchmarks.ingest import load
from benchmarks.ingest.parts import parts
from benchmarks.machine import (
    MB,
    cores,
    forget_peak,
    peak_rss_bytes,
    pin,
    pinned,
    quantile,
    say,
    scratch,
    show,
    verdict,
)
from benchmarks.recorded import plain_chunk
from lake.control import websites
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.s3.endpoint import S3Endpoint
from tests.support.processes import INGEST, Server, serving

_SERVER_CORE, _LOAD_CORE = cores()
_PLAIN = (sys.executable, "-m", "benchmarks.ingest.plain", "{port}")
_BODIES = 64
_CONNECTIONS = 384
_CONNECTIONS_MAX = 10_000
_RATE_MIN, _TIMES_MIN, _RSS_MAX_MB = 2_000, 4.0, 300
_LATENCY_OVER_LINGER_MS = 50


@dataclass
class Flooded:
    """One contender's turns."""

    name: str
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Chunks stored per second, the median of the turns."""
        return statistics.median(self.rates)

    @property
    def us(self) -> float:
        """CPU time of the server per chunk."""
        return statistics.median(self.cpu_us)


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.ingest", description=__doc__)
    parser.add_argument("--s3", action="store_true", help="a lake on the local S3 endpoint")
    parser.add_argument("--seconds", type=float, default=6.0, help="of one turn")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args(argv)
    pin(_LOAD_CORE)
    say("cutting chunks")
    bodies = [gzip.compress(plain_chunk(i), 6, mtime=0) for i in range(_BODIES)]
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        endpoint = stack.enter_context(S3Endpoint()) if args.s3 else None

        def lake(name: str) -> Settings:
            settings = endpoint.settings() if endpoint else Settings(lake=str(folder / name))
            return replace(settings, address_connections_max=_CONNECTIONS_MAX)  # all are from here

        settings = lake("ours")
        # Kept to the end: s3fs would close itself in the load generator's event loop.
        stores = open_store(settings), open_store(lake("parts"))
        website_id, off_id = _websites(stores[0])
        contenders = {
            "ours": Flooded("ingest API"),
            "off": Flooded("the same, not wanted: HTTP only (204)"),
            "plain": Flooded("plain FastAPI and a PUT, unchecked"),
            "checked": Flooded("plain, gunzip and json.loads"),
        }
        with ExitStack() as servers:
            ours = servers.enter_context(_server(settings, folder / "ours.log", INGEST))
            plain = servers.enter_context(
                _server(lake("plain"), folder / "plain.log", (*_PLAIN, "blind"))
            )
            checked = servers.enter_context(
                _server(lake("checked"), folder / "checked.log", (*_PLAIN, "checks"))
            )
            who = {
                "ours": (ours, website_id, 202),
                "off": (ours, off_id, 204),
                "plain": (plain, website_id, 202),
                "checked": (checked, website_id, 202),
            }
            for turn in range(args.turns):
                for name, (server, website, status) in who.items():
                    say(f"turn {turn + 1} of {args.turns}: {name}")
                    _flood(contenders[name], server, bodies, website, status, args.seconds)
            per_segment = round(_chunks_per_segment(ours))
            half = contenders["ours"].rate / 2
            say(f"latency at {half:.0f} chunks/s")
            source = load.requests(bodies, website_id, _now_ms())
            next(source)
            latency = load.paced(
                ours.port, source, connections=512, seconds=args.seconds, rate=half
            )
        pin(_SERVER_CORE)
        alone = parts(stores[1], bodies, per_segment)
        pin(_LOAD_CORE)
        _show_rates(contenders)
        _show_parts(contenders, alone, per_segment)
        _show_latency(latency, half, settings)
        _overload(settings, folder, website_id, bodies)


@contextmanager
def _server(settings: Settings, log: Path, command: Sequence[str]) -> Iterator[Server]:
    prefix = pinned(_SERVER_CORE)
    with serving(settings, log, command=command, prefix=prefix) as server:
        yield server


def _websites(store: Store) -> tuple[str, str]:
    """Make one that records and one that does not."""
    made = [
        websites.create(store, "Shop", origins=("https://shop.example",), now_ms=_now_ms())
        for _ in range(2)
    ]
    websites.change(store, made[0].website_id, {"enable_session_replay": True})
    return made[0].website_id, made[1].website_id


def _flood(
    into: Flooded,
    server: Server,
    bodies: Sequence[bytes],
    website_id: str,
    status: int,
    seconds: float,
) -> None:
    source = load.requests(bodies, website_id, _now_ms() - random.randrange(100_000))
    load.flood(server.port, source, connections=_CONNECTIONS, seconds=0.5)  # warm
    cpu = _cpu_s(server)
    result = load.flood(server.port, source, connections=_CONNECTIONS, seconds=seconds)
    used = _cpu_s(server) - cpu
    assert set(result.statuses) == {status}, (result.statuses, server.log.read_text()[-2000:])
    into.rates.append(result.rate(status))
    into.cpu_us.append(used / result.statuses[status] * 1e6)
    into.p99_ms.append(quantile(result.latencies_s, 0.99) * 1000)


def _cpu_s(server: Server) -> float:
    times = psutil.Process(server.process.pid).cpu_times()
    return times.user + times.system


def _chunks_per_segment(server: Server) -> float:
    sums = {"replaylake_chunks_total": 0.0, "replaylake_segments_total": 0.0}
    for line in httpx.get(f"{server.url}/metrics").text.splitlines():
        name, _, value = line.rpartition(" ")
        name, _, labels = name.partition("{")
        if name in sums and (not labels or 'outcome="stored"' in labels):
            sums[name] += float(value)
    return sums["replaylake_chunks_total"] / sums["replaylake_segments_total"]


def _show_rates(contenders: dict[str, Flooded]) -> None:
    ours = contenders["ours"]
    rows = [
        (
            contender.name,
            f"{contender.rate:,.0f}",
            f"{ours.rate / contender.rate:.2f}",
            f"{contender.us:,.0f}",
            f"{1e6 / contender.us:,.0f}",
            f"{contender.rate * contender.us / 1e6:.0%}",
            f"{statistics.median(contender.p99_ms):.0f}",
        )
        for contender in contenders.values()
    ]
    columns = (
        "one core, 18 kB gz chunks",
        "chunks/s",
        "ours ÷ it",
        "CPU µs",
        "per CPU s",
        "core used",
        "p99 ms",
    )
    show("Ingest at full load", columns, rows)
    print(f"at least {_RATE_MIN:,} chunks/s: {verdict(ours.rate >= _RATE_MIN)}")
    for name in ("plain", "checked"):
        times = ours.rate / contenders[name].rate
        ok = verdict(times >= _TIMES_MIN)
        print(f"at least {_TIMES_MIN:g} times {contenders[name].name}: {times:.1f}, {ok}")
    print()


def _show_parts(
    contenders: dict[str, Flooded], alone: dict[str, tuple[float, float]], per_segment: int
) -> None:
    off = contenders["off"].us
    rows = [("HTTP and routing (the 204 above)", f"{off:.0f}", "")]
    rows += [(name, f"{cpu * 1e6:.0f}", f"{wall * 1e6:.0f}") for name, (cpu, wall) in alone.items()]
    bound = off + sum(cpu for cpu, _ in alone.values()) * 1e6
    ours = contenders["ours"].us
    rows.append(("sum: the bound", f"{bound:.0f}", ""))
    rows.append(("measured", f"{ours:.0f}", ""))
    rows.append(("bound ÷ measured", f"{bound / ours:.2f}", ""))
    title = f"Parts of a chunk's way in, each alone ({per_segment} chunks to a segment)"
    show(title, ("part", "CPU µs per chunk", "wall µs"), rows)


def _show_latency(latency: load.Result, half: float, settings: Settings) -> None:
    p50, p99 = (quantile(latency.latencies_s, q) * 1000 for q in (0.5, 0.99))
    bar = settings.linger_ms + _LATENCY_OVER_LINGER_MS
    rows = [(f"{half:,.0f}/s, even", f"{p50:.0f}", f"{p99:.0f}", bar, verdict(p99 <= bar))]
    columns = ("answers at half load", "p50 ms", "p99 ms", "bar: linger + 50 ms", "")
    show(f"Latency ({dict(latency.statuses)})", columns, rows)


def _overload(settings: Settings, folder: Path, website_id: str, bodies: Sequence[bytes]) -> None:
    """More than it can take: first many, then large, then bombs that are just allowed."""
    noise = random.Random(1)
    large = [_large(noise, 1_500_000) for _ in range(4)]
    bomb = b'[{"type":3,"timestamp":1795000000000,"data":"%s"}]' % (b"x" * 30_000_000)
    cases = {
        "1,500 connections, 18 kB": (1_500, bodies),
        "400 connections, 1.1 MB (1.5 MB raw)": (400, large),
        "200 connections, 30 kB (30 MB raw)": (200, [gzip.compress(bomb, 9)]),
        "300 connections, all of these": (300, [*bodies[:16], *large, gzip.compress(bomb, 9)]),
    }
    rows = []
    say("overload")
    with _server(replace(settings), folder / "overload.log", INGEST) as server:
        pid = server.process.pid
        idle = peak_rss_bytes(pid)
        rows.append(("idle", "", "", "", f"{idle / MB:.0f}", ""))
        for name, (connections, sent) in cases.items():
            forget_peak(pid)
            source = load.requests(sent, website_id, _now_ms() - random.randrange(100_000))
            result = load.flood(server.port, source, connections=connections, seconds=5)
            peak = peak_rss_bytes(pid) / MB
            other = sum(n for status, n in result.statuses.items() if status not in (202, 503))
            rows.append(
                (
                    name,
                    f"{result.rate(202):,.0f}",
                    f"{result.rate(503):,.0f}",
                    f"{other} / {result.lost}",
                    f"{peak:.0f}",
                    verdict(peak <= _RSS_MAX_MB),
                )
            )
    columns = ("load", "202/s", "503/s", "other / lost", "peak RSS MB", f"bar {_RSS_MAX_MB} MB")
    show("Memory under overload", columns, rows)


def _large(noise: random.Random, raw_bytes: int) -> bytes:
    text = noise.randbytes(raw_bytes // 2).hex().encode()
    return gzip.compress(b'[{"type":3,"timestamp":1795000000000,"data":"%s"}]' % text, 1)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
