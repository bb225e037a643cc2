"""Cost of being recorded to a page: ours, posthog-js, Sentry's replay, and no recorder.

    python -m benchmarks.recorder [--only loads] [--rounds 10] [--quick] [--build FOLDER]

Each recorder as its makers set it up, all in one Chromium, in turns and in another order each
round. What is printed of a recorder is the median of the rounds' differences to the same page with
nothing. Uploads go to a local server that counts them; ours goes on to a real ingest API.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.machine import say, scratch, show
from benchmarks.recorder.contenders import (
    ALL,
    BUILD,
    NOTHING,
    OURS,
    RECORDERS,
    Contender,
    gzipped,
    scripts,
)
from benchmarks.recorder.servers import Counter, shop, sink
from benchmarks.recorder.visits import FAR, act, browser, visit, wait_until_idle
from lake.control import websites
from lake.settings import Settings
from lake.storage.base import open_store
from tests.support.processes import free_port, serving

_LOADED_NODES = 1_000
_SIZES = (1_000, 10_000, 50_000, 100_000)
_SIZE_ROUNDS = 3
_STAY_S = 2.5  # after the load event: all have taken their first snapshot by then
_VISITED_NODES = 3_000
_VISIT_ROUNDS = 3
_VISIT_S = 8
_QUIET_S = 5.5  # without a request: the slowest to upload waits 5 s
_KB = 1_000
_PARTS = ("loads", "sizes", "visits")


class Table:
    """Measurements by row and contender, one value each round."""

    def __init__(self) -> None:
        self._values: dict[str, dict[Contender, list[float]]] = {}

    def add(self, row: str, who: Contender, value: float) -> None:
        """Add one round's value."""
        self._values.setdefault(row, defaultdict(list))[who].append(value)

    def rows(self) -> Iterator[tuple[str, float, dict[Contender, float]]]:
        """Yield each row: its name, what nothing costs, what the others cost on top of that."""
        for row, values in self._values.items():
            base = values[NOTHING]
            yield (
                row,
                statistics.median(base),
                {
                    who: statistics.median(a - b for a, b in zip(costs, base, strict=True))
                    for who, costs in values.items()
                    if who is not NOTHING
                },
            )


class Bench:
    """The parts of the benchmark, on one browser and its servers."""

    def __init__(self, chromium: Browser, origin: str, counter: Counter) -> None:
        self.table = Table()
        self._chromium = chromium
        self._origin = origin
        self._counter = counter

    def loads(self, rounds: int) -> None:
        """Measure the delay of load and of the largest contentful paint."""
        for place, is_far in (("local", False), (FAR, True)):
            say(f"page loads, {place}")
            for number in range(-1, rounds):
                for who in _turns(number):
                    with visit(
                        self._chromium, self._url(who, _LOADED_NODES), is_far=is_far
                    ) as seen:
                        cost = seen.cost()
                    if number < 0:
                        continue  # the first round warms the caches of browser and servers
                    self.table.add(f"load event, ms later, {place}", who, cost.load_ms)
                    self.table.add(f"largest paint, ms later, {place}", who, cost.largest_ms)

    def sizes(self, sizes: Sequence[int], rounds: int) -> None:
        """Measure the first snapshot by the size of the page."""
        for nodes in sizes:
            say(f"pages of {nodes:,} nodes")
            for number in range(rounds):
                for who in _turns(number):
                    with visit(self._chromium, self._url(who, nodes)) as seen:
                        wait_until_idle(seen, _STAY_S)
                        cost = seen.cost()
                    self.table.add(f"main thread, ms, {nodes:,} nodes", who, cost.main_ms)
                    self.table.add(f"blocking time, ms, {nodes:,} nodes", who, cost.blocked_ms)

    def visits(self, rounds: int, served: dict[str, bytes]) -> None:
        """Measure CPU, uploaded bytes and heap of a busy visit."""
        say("visits")
        for number in range(rounds):
            for who in _turns(number):
                self._counter.wait_until_quiet(0.2)
                self._counter.take()
                url = self._url(who, _VISITED_NODES) + "&live=1"
                with visit(self._chromium, url) as seen:
                    act(seen, _VISIT_S)
                    self._counter.wait_until_quiet(_QUIET_S)
                    cost = seen.cost()
                    heap = seen.heap_bytes()
                    seen.leave()
                    self._counter.wait_until_quiet(0.5)
                requests = self._counter.take()
                recording = sum(
                    request.sent_bytes for request in requests if request.carries_recording
                )
                assert bool(recording) == (who in RECORDERS), f"{who.name} sent {requests}"
                sizes = {
                    request.path: len(gzipped(served[request.path]))
                    for request in requests
                    if request.method == "GET" and request.path in served
                }
                add = self.table.add
                add(f"main thread, ms, {_VISIT_S} s of a visit", who, cost.main_ms)
                add(f"all threads, ms, {_VISIT_S} s of a visit", who, cost.all_ms)
                add("recording sent, kB", who, recording / _KB)
                add(
                    "all that it sent, kB",
                    who,
                    sum(request.sent_bytes for request in requests) / _KB,
                )
                add("its scripts, gzipped, kB", who, sum(sizes.values()) / _KB)
                add("heap after the visit, kB", who, heap / _KB)

    def _url(self, who: Contender, nodes: int) -> str:
        return f"{self._origin}/shop?nodes={nodes}&with={who.name}"


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.recorder", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="of plain page loads")
    parser.add_argument("--only", action="append", choices=_PARTS, help="a part; repeatable")
    parser.add_argument("--quick", action="store_true", help="one round of everything")
    parser.add_argument("--build", type=Path, default=BUILD, help="a folder with another build")
    args = parser.parse_args(argv)
    parts = args.only or _PARTS
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        served = scripts(folder, args.build)
        port = free_port()
        settings = Settings(lake=str(folder / "lake"))
        website = _website(settings, f"http://127.0.0.1:{port}")
        ingest = stack.enter_context(serving(settings, folder / "ingest.log"))
        host, counter = stack.enter_context(sink(served, ingest.port))
        origin = stack.enter_context(shop(ALL, port, host, website))
        bench = Bench(stack.enter_context(browser()), origin, counter)
        if "loads" in parts:
            bench.loads(1 if args.quick else args.rounds)
        if "sizes" in parts:
            bench.sizes(_SIZES[:2] if args.quick else _SIZES, 1 if args.quick else _SIZE_ROUNDS)
        if "visits" in parts:
            bench.visits(1 if args.quick else _VISIT_ROUNDS, served)
    _print(bench.table)


def _turns(number: int) -> Sequence[Contender]:
    first = number % len(ALL)
    return (*ALL[first:], *ALL[:first])


def _website(settings: Settings, origin: str) -> str:
    store = open_store(settings)
    now_ms = time.time_ns() // 1_000_000
    made = websites.create(store, "Shop", origins=(origin,), now_ms=now_ms)
    flags = {
        "enable_session_replay": True,
        "session_replay_trigger": "all",
        "replay_sampling_rate": 1.0,
    }
    websites.change(store, made.website_id, flags)
    return made.website_id


def _print(table: Table) -> None:
    others = [who for who in ALL if who is not NOTHING]
    rows, lost = [], []
    for row, base, added in table.rows():
        rows.append((row, f"{base:,.1f}", *(f"{added[who]:+,.1f}" for who in others)))
        lost += [
            f"{row}: {added[OURS]:+,.1f} against {added[who]:+,.1f} of {who.name}"
            for who in RECORDERS
            if added[who] < added[OURS]
        ]
    show("What it costs to be recorded", ("", *(who.name for who in ALL)), rows)
    print("lost:" if lost else "lost: nothing")
    for line in lost:
        print(f"  {line}")


if __name__ == "__main__":
    main()
