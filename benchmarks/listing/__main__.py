"""The session list of a big lake, against DuckDB and Polars' own Delta scan on the same files.

python -m benchmarks.listing [--sessions 1000000] [--folder KEPT]
"""

import argparse
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from benchmarks.listing.generated import NOW_MS, generate
from benchmarks.listing.questions import Question, questions
from benchmarks.listing.rivals import Answer, DuckDB, query_duckdb, query_lake, query_polars
from benchmarks.machine import MB, peak_rss_bytes, quantile, say, scratch, show, verdict
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage.base import Store, open_store
from lake.tables.delta_table import Table

_P50_MAX_MS, _P95_MAX_MS = 20, 150
_FIRST = "replaylake, just started"
_THEN = "replaylake, other questions then"
_REPEATED = "replaylake, the first ones again"
_RIVALS_SHARE = 8  # rivals get every eighth question

Engine = Callable[[Question], Answer]


class Timed(NamedTuple):
    """Answers and durations of a workload: each question's and the total."""

    workload: Sequence[Question]
    answers: list[Answer]
    each_s: list[float]
    wall_s: float

    def ms(self, q: float) -> float:
        """Return a quantile."""
        return 1000 * quantile(self.each_s, q)


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.listing", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--threads", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the lake here, for the next run")
    parser.add_argument("--alone", action="store_true", help="without the rivals")
    args = parser.parse_args(argv)
    with nullcontext(args.folder) if args.folder else scratch() as folder:
        settings = Settings(lake=str(folder))
        store = open_store(settings)
        _fill(store, args.sessions)
        _compare(store, settings, args)


def _fill(store: Store, sessions: int) -> None:
    if Table(store, "sessions").snapshot().files:
        return
    said = 0
    for written in generate(store, sessions):
        if written - said >= sessions // 10:
            said = written
            say(f"{written:,} of {sessions:,} sessions made")


def _compare(store: Store, settings: Settings, args: argparse.Namespace) -> None:
    table = Table(store, "sessions")
    files = table.snapshot().files
    rows, size = sum(f.row_count for f in files), sum(f.size_bytes for f in files)
    say(f"{rows:,} sessions, {len(files)} files, {size / MB:,.0f} MB, {size / rows:.0f} B a row")
    lake = Lake(store, settings, lambda: NOW_MS)
    every = list(questions(args.questions, seed=1))
    others = list(questions(args.questions, seed=2))
    few = every[::_RIVALS_SHARE]

    def engine(question: Question) -> Answer:
        return query_lake(lake, question)

    mine = {
        _FIRST: _timed(engine, every, 1),
        _THEN: _timed(engine, others, 1),
        _REPEATED: _timed(engine, every, 1),
    }
    concurrent = f", {args.threads} at once"
    mine[f"replaylake{concurrent}"] = _timed(engine, every, args.threads)
    memory = peak_rss_bytes()
    theirs = {} if args.alone else _rivals(store, table, few, args.threads)
    for who, timed in theirs.items():
        expected = mine[_REPEATED].answers[::_RIVALS_SHARE]
        assert timed.answers == expected, f"{who} has other answers"
    show(
        f"{rows:,} sessions: a page of the list and its total",
        ("who", "p50 ms", "p95 ms", "p99 ms", "answers/s"),
        [
            (
                who,
                *(f"{t.ms(q):,.1f}" for q in (0.5, 0.95, 0.99)),
                f"{len(t.workload) / t.wall_s:,.0f}",
            )
            for who, t in (mine | theirs).items()
        ],
    )
    show(
        "replaylake by question, p50 ms",
        ("question", *(name.removeprefix("replaylake, ") for name in (_FIRST, _THEN, _REPEATED))),
        _kinds([mine[_FIRST], mine[_THEN], mine[_REPEATED]]),
    )
    alone = mine[_THEN]
    bars = [
        ("p50", f"{alone.ms(0.5):.1f} ms", f"≤ {_P50_MAX_MS} ms", alone.ms(0.5) <= _P50_MAX_MS),
        ("p95", f"{alone.ms(0.95):.1f} ms", f"≤ {_P95_MAX_MS} ms", alone.ms(0.95) <= _P95_MAX_MS),
    ]
    for who, timed in theirs.items():
        ours = f"replaylake{concurrent}" if concurrent in who else _THEN
        ratio = timed.ms(0.5) / mine[ours].ms(0.5)
        bars.append((f"p50 of {who} / {ours}", f"{ratio:.1f}", "> 1", ratio > 1))
    show(
        "bars, of service time: one request at a time",
        ("what", "measured", "bar", ""),
        [(what, measured, bar, verdict(ok)) for what, measured, bar, ok in bars],
    )
    say(f"peak memory of all this, before the rivals: {memory / MB:,.0f} MB")


def _rivals(
    store: Store, table: Table, workload: Sequence[Question], threads: int
) -> dict[str, Timed]:
    duck = DuckDB(table)
    uri = store.table_uri("sessions")
    local = threading.local()

    def by_duckdb(question: Question) -> Answer:
        if not hasattr(local, "cursor"):
            local.cursor = duck.cursor()
        return query_duckdb(local.cursor, question)

    def by_polars(question: Question) -> Answer:
        return query_polars(uri, question)

    results = {}
    for who, engine in (("DuckDB", by_duckdb), ("Polars scan_delta", by_polars)):
        say(f"asking {who}")
        _timed(engine, workload, 1)  # it may remember what it likes
        results[who] = _timed(engine, workload, 1)
        results[f"{who}, {threads} at once"] = _timed(engine, workload, threads)
    return results


def _timed(engine: Engine, workload: Sequence[Question], threads: int) -> Timed:
    def timed_answer(question: Question) -> tuple[Answer, float]:
        begun_s = time.perf_counter()
        answer = engine(question)
        return answer, time.perf_counter() - begun_s

    begun_s = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(timed_answer, workload))
    wall_s = time.perf_counter() - begun_s
    return Timed(workload, [answer for answer, _ in results], [took for _, took in results], wall_s)


def _kinds(runs: Sequence[Timed]) -> list[tuple[str, ...]]:
    rows = []
    for kind in dict.fromkeys(question.kind for question in runs[0].workload):
        p50s = [
            quantile(
                [s for q, s in zip(run.workload, run.each_s, strict=True) if q.kind == kind], 0.5
            )
            for run in runs
        ]
        rows.append((kind, *(f"{1000 * s:.1f}" for s in p50s)))
    return rows


if __name__ == "__main__":
    main()
