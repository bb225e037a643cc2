"""One day compacted on one core, beside the codec's bound; and memory by size of day and session.

python -m benchmarks.compaction [--sessions 200] [--session-mb 100]
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.compaction import days, steps
from benchmarks.machine import MB, cores, peak_rss_bytes, pin, say, scratch, show, verdict
from lake.compaction import CompactionReport, compact_day
from lake.raw import segment_file
from lake.sessions.session_file import SessionFile
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store, open_store

_SHARE_MIN = 0.60  # of compaction's CPU time, the codec
_ANALYSIS_MAX = 0.35  # of the same, what finds out about a session
_TURNS = 3  # the median counts
_RSS_MAX_MB = 500


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.compaction", description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--session-mb", type=int, default=100, help="raw size of the big session")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    pin(cores()[0])
    if args.peak:
        _print_peak(args.peak)
        return
    with scratch() as folder:
        _warm(folder / "warm")
        _throughput(folder / "ours", args.sessions, noted=True)
        _throughput(folder / "foreign", args.sessions, noted=False)
        _memory(folder, args.sessions, args.session_mb)


def _throughput(folder: Path, count: int, *, noted: bool) -> None:
    """The same chunks again and again: undisturbed, then once with a clock on every step."""
    made = days.sessions(count, noted=noted)
    lakes = [Settings(lake=str(folder / f"lake-{number}")) for number in range(_TURNS + 1)]
    say(f"appending {count} sessions, {len(lakes)} times")
    for settings in lakes:
        raw_bytes, _ = days.append_all(open_store(settings), made)
    store = open_store(lakes[0])
    payloads = list(_payloads(store))
    say("compacting")
    turns = [_timed(open_store(settings), settings) for settings in lakes[:_TURNS]]
    done = turns[0][0]
    wall_s = statistics.median(wall_s for _, wall_s, _ in turns)
    cpu_s = statistics.median(cpu_s for _, _, cpu_s in turns)
    with steps.measured() as used:
        _timed(open_store(lakes[_TURNS]), lakes[_TURNS])
    say("the codec alone")
    codec = steps.bound(payloads, list(_texts(store)), Settings().zstd_level)
    bound_s = sum(codec.values())
    rows = [
        ("compaction, wall", *_rates(wall_s, raw_bytes, count)),
        ("compaction, CPU", *_rates(cpu_s, raw_bytes, count)),
        *(
            (f"codec: {name}", *_rates(seconds, raw_bytes, count))
            for name, seconds in codec.items()
        ),
        ("codec's bound", *_rates(bound_s, raw_bytes, count)),
    ]
    recorder = "our recorder" if noted else "another recorder"
    title = (
        f"{done.session_count} sessions of {recorder}, {done.chunk_count} chunks, "
        f"{raw_bytes / MB:.0f} MB raw, {done.received_bytes / MB:.1f} MB gzipped, "
        f"{done.written_bytes / MB:.1f} MB written"
    )
    show(title, ("one core", "s", "raw MB/s", "sessions/s"), rows)
    share = bound_s / cpu_s
    print(
        f"bound ÷ compaction, by CPU: {share:.2f}, bar {_SHARE_MIN}: {verdict(share >= _SHARE_MIN)}"
    )
    print(f"the same by wall: {bound_s / wall_s:.2f}")
    total = sum(used.values())
    analysis = used["analysis"] / total
    print(f"without analysis: {share / (1 - analysis):.2f}\n")
    shares = [
        (step, f"{seconds:.2f}", f"{seconds / total:.0%}")
        for step, seconds in sorted(used.items(), key=lambda item: -item[1])
    ]
    show("CPU by step (with clocks on)", ("step", "CPU s", "share"), shares)
    outcome = verdict(analysis <= _ANALYSIS_MAX)
    print(f"analysis: {analysis:.0%}, bar {_ANALYSIS_MAX:.0%}: {outcome}\n")


def _warm(lake: Path) -> None:
    """Load what is loaded at first use (Polars, delta-rs): a compactor's day has many runs."""
    settings = Settings(lake=str(lake))
    days.append_all(open_store(settings), days.sessions(6))
    _timed(open_store(settings), settings)


def _memory(folder: Path, count: int, session_mb: int) -> None:
    """Each in a process of its own."""
    cases = {
        f"day of {count} sessions": days.sessions(count),
        f"day of {4 * count} sessions": days.sessions(4 * count),
        f"one session of {session_mb} MB": [days.big_session(session_mb * MB)],
    }
    rows = []
    for number, (name, made) in enumerate(cases.items()):
        say(f"appending a {name}" if number < 2 else f"appending {name}")
        lake = folder / f"memory-{number}"
        raw_bytes, _ = days.append_all(open_store(Settings(lake=str(lake))), made)
        say("compacting it")
        command = [sys.executable, "-m", "benchmarks.compaction", "--peak", str(lake)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds, idle, peak = map(float, answer.split())
        rows.append(
            (
                name,
                f"{raw_bytes / MB:,.0f}",
                f"{raw_bytes / MB / seconds:.0f}",
                f"{idle / MB:.0f}",
                f"{peak / MB:.0f}",
                verdict(peak / MB <= _RSS_MAX_MB),
            )
        )
    columns = ("compacted", "raw MB", "MB/s", "before, RSS MB", "peak RSS MB", f"bar {_RSS_MAX_MB}")
    show("Memory", columns, rows)


def _print_peak(lake: Path) -> None:
    settings = Settings(lake=str(lake))
    store = open_store(settings)
    idle = peak_rss_bytes()
    done, wall_s, _ = _timed(store, settings)
    assert not done.failed, done.failed
    print(wall_s, idle, peak_rss_bytes())


def _timed(store: Store, settings: Settings) -> tuple[CompactionReport, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    done = compact_day(store, settings, days.DAY, now_ms=days.NOW_MS)
    return done, time.perf_counter() - wall, time.process_time() - cpu


def _payloads(store: Store) -> Iterator[bytes]:
    for item in store.list(keys.RAW):
        for received_chunk in segment_file.decode(store.get(item.key)):
            yield received_chunk.payload


def _texts(store: Store) -> Iterator[bytes]:
    """Yield the texts of all session files' frames."""
    for item in store.list(keys.SESSIONS):
        yield from SessionFile(store, item.key).texts()


def _rates(seconds: float, raw_bytes: int, count: int) -> tuple[str, str, str]:
    return f"{seconds:.2f}", f"{raw_bytes / MB / seconds:.0f}", f"{count / seconds:.0f}"


if __name__ == "__main__":
    main()
