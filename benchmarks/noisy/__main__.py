"""Latency of one website while another attacks the same server: `python -m benchmarks.noisy`.

    python -m benchmarks.noisy [--only flood,7,11] [--seconds 3] [--turns 2] [--connections 700]

First a flood, with and without limits; then one attack after another, each a row: an honest visitor
or reader of another website, a process of its own, alone and beside the attack, in turns;
percentiles are of all turns together. A server has one core, whoever sends to it shares the other.
A row's bar is how many times as long the honest p99 may take: 3, where one request did the harm
1.5. A request that is not served misses it too.
"""

import argparse
import resource
from collections.abc import Callable, Iterator, Sequence

from benchmarks.machine import pin, say, scratch, show
from benchmarks.noisy import batches, flood, invented_websites, reading, sockets, uploads
from benchmarks.noisy.measuring import LOAD_CORE, Bench, Row

_ATTACKS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "1": uploads.slow_to_scrub,
    "2": uploads.hard_to_forget,
    "6": uploads.many_days,
    "7": sockets.unread_answers,
    "8": reading.one_large_session,
    "9": batches.conflicting,
    "10": invented_websites.invented_websites,
    "11": sockets.endless_heads,
    "12": uploads.large_inflated,
}
_FLOOD = "flood"


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.noisy", description=__doc__)
    parser.add_argument("--only", default="", help=f"of {_FLOOD},{','.join(_ATTACKS)}")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--connections", type=int, default=700, help="of the flood")
    args = parser.parse_args(argv)
    wanted = args.only.split(",") if args.only else [_FLOOD, *_ATTACKS]
    if unknown := [name for name in wanted if name not in (_FLOOD, *_ATTACKS)]:
        parser.error(f"--only has {', '.join(unknown)}: give some of {_FLOOD},{','.join(_ATTACKS)}")
    pin(LOAD_CORE)
    _allow_files()
    if _FLOOD in wanted:
        flood.run(seconds=args.seconds, turns=args.turns, connections=args.connections)
    rows: list[Row] = []
    for name in wanted:
        if name == _FLOOD:
            continue
        with scratch() as folder:
            for row in _ATTACKS[name](Bench(folder, args.seconds, args.turns)):
                say(f"{row.number} {row.attack}: {row.compared}")
                rows.append(row)
    if rows:
        columns = (
            "#", "attack", "another", "alone", "beside", "refused", "ratio", "bar", "",
        )  # fmt: skip
        show(
            "Attacks by one website, and p50 / p95 / p99 ms of another",
            columns,
            [row.cells() for row in rows],
        )
        show("What the attacker got", ("#", "answers", ""), [row.outcome_cells() for row in rows])


def _allow_files() -> None:
    """Let this process have as many sockets as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
