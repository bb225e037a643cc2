"""Accuracy of the signals: `python -m benchmarks.accuracy [--sessions N] [--seed S]`."""

import argparse
import time
from pathlib import Path

from benchmarks.accuracy import matching, recordings
from benchmarks.accuracy.driving import record
from benchmarks.accuracy.truth import FOREIGN, RECORDERS, Visit, load_visits, save_visit
from benchmarks.accuracy.visits import SCRIPTS
from benchmarks.machine import say, show

_SESSIONS = len(SCRIPTS)
_COLUMNS = ("", "truth", "found", "right", "missed", "extra", "recall", "precision")


def _parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=_SESSIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="scripts whose names contain this")
    parser.add_argument("--keep", type=Path, help="keep the streams in this folder")
    parser.add_argument("--from", type=Path, dest="source", help="analyse these, without a browser")
    return parser.parse_args()


def main() -> None:
    args = _parse_args()
    begun_s = time.monotonic()
    if args.source:
        visits = [visit for visit in load_visits(args.source) if args.only in visit.name]
    else:
        visits = record(args.sessions, args.seed, only=args.only)
        say(f"recorded in {time.monotonic() - begun_s:.0f} s")
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        for visit in visits:
            save_visit(visit, args.keep)
    hard = sum(visit.is_hard_negative for visit in visits)
    title = f"{len(visits)} visits, {hard} of them hard negatives"
    _judge(title, visits, RECORDERS, matching.KINDS)
    shared = recordings.shared()
    if shared:
        _judge(f"{len(shared)} recordings of other websites", shared, (FOREIGN,), recordings.KINDS)


def _judge(
    title: str, visits: list[Visit], recorders: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    scores: dict[tuple[str, str], matching.Score] = {}
    for visit in visits:
        for recorder in recorders:
            matching.add(scores, visit, recorder, kinds)
    rows = [
        (
            f"{recorder}: {kind}",
            s.truth,
            s.reported,
            s.right,
            s.missed,
            s.extra,
            f"{s.recall:.3f}",
            f"{s.precision:.3f}",
        )
        for (recorder, kind), s in sorted(scores.items(), key=lambda item: item[0][0] == FOREIGN)
    ]
    show(title, _COLUMNS, rows)
    for score in scores.values():
        for recorder, kind, name, at_ms, what, is_missed in score.faults:
            verdict = "missed" if is_missed else "extra "
            print(f"{recorder}: {verdict} {kind} in {name} at {at_ms:.0f}: {what}")
    for visit in visits:
        for flaw in visit.flaws:
            print(f"flaw of {visit.name}: {flaw}")


if __name__ == "__main__":
    main()
