"""One row: an honest visitor alone and beside an attack, and what the server's memory did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from benchmarks.machine import MB, cores, forget_peak, peak_rss_bytes, pinned, verdict
from benchmarks.noisy.sending import Attack, Outcomes, attacking
from lake.control import api_keys, websites
from lake.settings import Settings
from lake.storage.base import open_store
from tests.hostile.honest_visitor import Comparison, Timings
from tests.support.processes import INGEST, Server, serving

SERVER_CORE, LOAD_CORE = cores()
STRICT, USUAL = 1.5, 3.0  # how many times an honest visitor's p99 may take beside an attack
_SERVED = (200, 202, 204)

Visit = Callable[[], Timings]  # runs one prepared honest visit


@dataclass(kw_only=True)
class Row:
    """Result of one attack. `notes` are further measurements."""

    number: str
    attack: str
    honest: str
    bar: float
    compared: Comparison
    outcomes: Outcomes = field(default_factory=Outcomes)
    notes: list[str] = field(default_factory=list)

    @property
    def refused_count(self) -> int:
        """Number of the honest visitor's requests not served during the attack."""
        beside = self.compared.beside
        return beside.lost + sum(
            n for status, n in beside.statuses.items() if status not in _SERVED
        )

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        ratio = self.compared.p99_ratio
        return (
            self.number,
            self.attack,
            self.honest,
            _times(self.compared.alone),
            _times(self.compared.beside),
            str(self.refused_count or ""),
            f"{ratio:.1f}",
            f"{self.bar:g}",
            verdict(ratio <= self.bar and not self.refused_count),
        )

    def outcome_cells(self) -> tuple[str, ...]:
        """The attacker's outcomes as a table row."""
        outcomes = ", ".join(f"{what} × {count:,}" for what, count in sorted(self.outcomes.items()))
        return self.number, outcomes, "; ".join(self.notes)


@dataclass(frozen=True)
class Bench:
    """Folder, duration and turns of a measurement."""

    folder: Path
    seconds: float
    turns: int

    def lake(self, name: str, **others: object) -> Settings:
        """Settings of a lake of one row."""
        return Settings(lake=str(self.folder / name), **others)  # type: ignore[arg-type]

    @contextmanager
    def server(self, settings: Settings, command: tuple[str, ...] = INGEST) -> Iterator[Server]:
        """A server on a core of its own."""
        log = self.folder / "log"
        with serving(settings, log, command=command, prefix=pinned(SERVER_CORE)) as server:
            yield server

    def compare(self, spec: "AttackSpec", ready: Callable[[], Visit], server: Server) -> Row:
        """Take the honest visitor's times alone and beside an attack; note the server's memory.

        Args:
            ready: Makes an honest visitor who is ready to begin.
        """
        outcomes = Outcomes()
        pid = server.process.pid
        ready()()  # a warm-up that is not measured
        forget_peak(pid)
        before_bytes = peak_rss_bytes(pid)
        alone, beside = Timings(), Timings()
        for _ in range(self.turns):
            alone += ready()()
            go = ready()
            with attacking(spec.run, outcomes, budget_s=self.seconds):
                beside += go()
        before, peak, after = (
            round(size / MB) for size in (before_bytes, peak_rss_bytes(pid), rss_bytes(pid))
        )
        return Row(
            number=spec.number,
            attack=spec.attack,
            honest=spec.honest,
            bar=spec.bar,
            compared=Comparison(alone, beside),
            outcomes=outcomes,
            notes=[f"server {before} MB before, {peak} at the peak, {after} after"],
        )


class AttackSpec(NamedTuple):
    """An attack and the honest visitor compared beside it."""

    number: str
    attack: str
    honest: str
    bar: float
    run: Attack


class Shop(NamedTuple):
    """A website that records, and an admin's key to it."""

    website_id: str
    key: str


def shop(settings: Settings, *, plan: str = "pro") -> Shop:
    """Make a website that records everything."""
    store = open_store(settings)
    made = websites.create(
        store, "Shop", plan=plan, origins=("https://shop.example",), now_ms=now_ms()
    )
    recording = {"enable_session_replay": True, "session_replay_trigger": "all"}
    websites.change(store, made.website_id, recording)
    key = api_keys.create(store, website_id=made.website_id, role="admin", now_ms=now_ms())
    return Shop(made.website_id, key)


def rss_bytes(pid: int) -> int:
    """The memory that a process has now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)


def now_ms() -> int:
    """The time."""
    return time_ns() // 1_000_000


def _times(timings: Timings) -> str:
    if not timings.latencies_s:
        return "no answer"
    if len(timings.latencies_s) == 1:
        return f"{timings.quantile_ms(0.5):,.0f}"
    return " / ".join(f"{timings.quantile_ms(q):,.0f}" for q in (0.5, 0.95, 0.99))
