"""Compares the signals of a stream with what its visit really did.

A signal is right if a truth of its kind, on its page, is not further than 1.5 s from it. Each
truth is found once; a second signal of the same is one too many.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from benchmarks.accuracy.truth import OURS, Truth, Visit
from lake.analysis.analyzer import Analyzer
from lake.analysis.events import Signal
from lake.sessions.session_file import OrderedEvent

_NEAR_MS = 1_500.0
KINDS = (
    "rage_click",
    "dead_click",
    "form_frustration",
    "form_abandonment",
    "scroll_thrash",
    "error_click",
    "quick_back",
    "slow_response",
)


class _Stamp(msgspec.Struct):
    type: int
    timestamp: float


_STAMPS = msgspec.json.Decoder(_Stamp)


class Fault(NamedTuple):
    """A missed truth, or a signal without a truth."""

    recorder: str
    kind: str
    visit: str
    at_ms: float
    what: str
    is_missed: bool


@dataclass
class Score:
    """One recorder and one kind."""

    truth: int = 0
    reported: int = 0
    right: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def missed(self) -> int:
        """Truths without a signal."""
        return sum(fault.is_missed for fault in self.faults)

    @property
    def extra(self) -> int:
        """Signals without a truth."""
        return len(self.faults) - self.missed

    @property
    def recall(self) -> float:
        """Share of truths with a signal; 1 without truths."""
        return 1 - self.missed / self.truth if self.truth else 1.0

    @property
    def precision(self) -> float:
        """Share of signals with a truth; 1 without signals."""
        return 1 - self.extra / self.reported if self.reported else 1.0


def in_replay_order(pages: Iterable[tuple[int, list[str]]]) -> list[OrderedEvent]:
    """Return a stream in the order of replay; a chunk is a page."""
    ordered = []
    for number, events in pages:
        for text in events:
            body = text.encode()
            stamp = _STAMPS.decode(body)
            ordered.append(OrderedEvent(stamp.timestamp, number, stamp.type, body))
    return sorted(ordered, key=lambda event: event[:2])


def signals_of(pages: list[tuple[int, list[str]]]) -> tuple[Signal, ...]:
    """Analyse one stream. The signals' pages are those numbers, as text."""
    count = max((number for number, _ in pages), default=-1) + 1
    analysis = Analyzer([str(number) for number in range(count)])
    for event in in_replay_order(pages):
        analysis.see(event)
    return tuple(analysis.end().signals)


def add(
    scores: dict[tuple[str, str], Score], visit: Visit, recorder: str, kinds: Iterable[str]
) -> None:
    """Add the signals of one recorder's stream of a visit to its scores, by kind."""
    signals = signals_of(visit.streams[recorder])
    for kind in kinds:
        score = scores.setdefault((recorder, kind), Score())
        truths = [truth for truth in visit.truths if truth.kind == kind]
        mine = [signal for signal in signals if signal.kind == kind]
        pairs = dict(_pairs(truths, mine))
        for i, truth in enumerate(truths):
            if truth.is_optional or (truth.needs and recorder != OURS):
                continue
            score.truth += 1
            if i not in pairs:
                score.faults.append(
                    Fault(recorder, kind, visit.name, truth.at_ms, truth.what, is_missed=True)
                )
        right = set(pairs.values())
        score.reported += len(mine)
        score.right += len(right)
        for i, signal in enumerate(mine):
            if i not in right:
                what = f"{signal.target} {dict(signal.evidence)}"
                score.faults.append(
                    Fault(recorder, kind, visit.name, signal.at_ms, what, is_missed=False)
                )


def _pairs(truths: list[Truth], signals: list[Signal]) -> Iterator[tuple[int, int]]:
    """Pair the nearest first, those that must be found before those that may be."""
    near = sorted(
        (truth.is_optional, _distance(truth, signal), i, j)
        for i, truth in enumerate(truths)
        for j, signal in enumerate(signals)
        if str(truth.page) == signal.page_id and _distance(truth, signal) <= _NEAR_MS
    )
    truths_left, signals_left = set(range(len(truths))), set(range(len(signals)))
    for _, _, i, j in near:
        if i in truths_left and j in signals_left:
            truths_left.remove(i)
            signals_left.remove(j)
            yield i, j


def _distance(truth: Truth, signal: Signal) -> float:
    return max(truth.at_ms - signal.at_ms, signal.at_ms - truth.until_ms, 0.0)
