"""A lake under load while its processes are killed, over and over.

    python -m tests.soak --seconds 120
    python -m tests.soak --kills 1000

Ingest, reading, compaction, maintenance, retention, erasure and repair are real processes, and in
the last fifth rebuilding too. Visitors of several websites send chunks out of order, twice and with
other bytes, ask to be forgotten, and come again; other websites get a shorter plan. In the end each
acknowledged chunk is looked for, every stored event is looked up, every byte is searched for what
should be gone, and the lake is checked, rebuilt and checked again. Prints a table; exits with 1 if
anything is lost, doubled, invented or back.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from lake import erasure
from lake.control import api_keys, websites
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.soak import verify
from tests.soak.reading import Reader
from tests.soak.truth import Truth
from tests.soak.victims import LIFE, LONG_LIFE, Job, Victim
from tests.soak.visitors import SHORT_PLAN, SoakTargets, Visitors
from tests.soak.work import compact_all, erase_all, expire_all, now_ms
from tests.support.processes import INGEST, QUERY, environ_of, free_port

_WEBSITES = 3
_REBUILT_FROM = 0.8  # of the time or the kills: from then on rows may be missing
_SHOWN_EVERY_S = 15
_ROUNDS_MAX = 20
_GRACE_S = 5  # of what may be a live writer's


def main() -> int:
    """Run a soak."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=120, help="how long, without --kills")
    parser.add_argument("--kills", type=int, default=0, help="go on until so many were killed")
    parser.add_argument("--visitors", type=int, default=6)
    parser.add_argument("--users", type=int, default=1, help="that identify in one session")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, help="a folder that keeps the lake and the logs")
    chosen = parser.parse_args()
    console = Console()
    console.print(f"seed {chosen.seed}")
    if chosen.keep:
        chosen.keep.mkdir(parents=True)
        return _soak(chosen.keep, chosen, console)
    with tempfile.TemporaryDirectory(prefix="replaylake-soak-") as name:
        return _soak(Path(name), chosen, console)


class _Plan(NamedTuple):
    """Folders, settings, keys and ports of a soak."""

    folder: Path
    requests_folder: Path
    settings: Settings
    store: Store
    truth: Truth
    keys: dict[str, str]
    ports: dict[str, int]


def _soak(folder: Path, chosen: argparse.Namespace, console: Console) -> int:
    plan = _planned(folder)
    victims = [_victim(plan, jobs, chosen.seed) for jobs in _jobs(plan)]
    targets = SoakTargets(
        plan.store,
        f"http://127.0.0.1:{plan.ports['ingest']}",
        plan.requests_folder,
        plan.truth,
        chosen.users,
    )
    visitors = Visitors(targets, list(plan.keys), chosen.visitors, chosen.seed)
    query_url = f"http://127.0.0.1:{plan.ports['query']}"
    reader = Reader(plan.truth, query_url, plan.keys, chosen.seed)
    _watch(plan, victims, reader, chosen, console)
    visitors.stop()
    for victim in victims:
        victim.spare()
    failures = [failure for victim in victims for failure in victim.failures]
    failures += visitors.failures + plan.truth.refused[:3] + reader.wrong[:5]
    began = time.monotonic()
    failures += _finish_pending_work(plan)
    done = verify.compare(plan.store, plan.settings, plan.truth)
    failures += verify.checked(plan.store, plan.settings)
    failures += verify.rebuilt_otherwise(plan.store, plan.settings)
    console.print(_table(plan, victims, reader, done, failures))
    console.print(f"verified in {time.monotonic() - began:.0f} s")
    for failure in [*done.examples, *failures][:40]:
        console.print(failure, markup=False)
    return 1 if done.is_wrong or failures else 0


def _planned(folder: Path) -> _Plan:
    settings = Settings(
        lake=str(folder / "lake"),
        orphan_grace_s=_GRACE_S,
        control_cache_s=1.0,
        plan_days=SHORT_PLAN,
    )
    store = open_store(settings)
    keys = {}
    for number in range(_WEBSITES):
        made = websites.create(
            store,
            f"soak {number}",
            plan="enterprise",
            origins=("https://shop.example",),
            now_ms=now_ms(),
        )
        recording = {"enable_session_replay": True, "session_replay_trigger": "all"}
        websites.change(store, made.website_id, recording)
        keys[made.website_id] = api_keys.create(
            store, website_id=made.website_id, role="viewer", now_ms=now_ms()
        )
    requests_folder = folder / "asked"
    requests_folder.mkdir()
    ports = {"ingest": free_port(), "query": free_port()}
    return _Plan(folder, requests_folder, settings, store, Truth(), keys, ports)


def _jobs(plan: _Plan) -> list[list[Job]]:
    """The jobs of the processes that run at once."""
    return [
        [_server(plan, "ingest", INGEST, ("ingest-",))],
        [_server(plan, "query", QUERY, (), life=LONG_LIFE)],
        [_worker(plan, "compact", ("compact-", "store-"))],
        [_worker(plan, "erase", ("erase-",), life=LONG_LIFE)],
        [
            _worker(plan, "maintain", ("layout-", "audit-")),
            _worker(plan, "retention", ("retention-",)),
            _worker(plan, "repair", ("repair-",), life=LONG_LIFE),
        ],
    ]


def _rebuilder(plan: _Plan) -> list[Job]:
    return [_worker(plan, "rebuild", ("rebuild-",), life=LONG_LIFE)]


def _victim(plan: _Plan, jobs: list[Job], seed: int) -> Victim:
    # What a killed process leaves in the folder for temporary files goes with the soak's.
    temporary = plan.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    environ = environ_of(plan.settings) | {"TMPDIR": str(temporary)}
    return Victim(jobs, environ, plan.folder, seed)


def _server(
    plan: _Plan,
    name: str,
    command: tuple[str, ...],
    prefixes: tuple[str, ...],
    life: tuple[float, float] = LIFE,
) -> Job:
    port = plan.ports[name]
    argv = [part.replace("{port}", str(port)) for part in command]
    return Job(name, argv, prefixes, _answers(f"http://127.0.0.1:{port}/readyz"), life)


def _worker(
    plan: _Plan, name: str, prefixes: tuple[str, ...], life: tuple[float, float] = LIFE
) -> Job:
    command = [sys.executable, "-m", "tests.soak.work", name, str(plan.requests_folder)]
    return Job(name, command, prefixes, _has_started, life)


def _watch(
    plan: _Plan,
    victims: list[Victim],
    reader: Reader,
    chosen: argparse.Namespace,
    console: Console,
) -> None:
    """Read random sessions until it is over."""
    began = shown = time.monotonic()
    while not any(victim.failures for victim in victims):
        kills = sum(victim.kills.total() for victim in victims)
        now = time.monotonic()
        share = kills / chosen.kills if chosen.kills else (now - began) / chosen.seconds
        if share >= 1:
            return
        if not plan.truth.is_rebuilt and share >= _REBUILT_FROM:
            plan.truth.is_rebuilt = True
            victims.append(_victim(plan, _rebuilder(plan), chosen.seed))
        if now - shown > _SHOWN_EVERY_S:
            shown = now
            count = plan.truth.acknowledged_count()
            console.print(
                f"{now - began:.0f} s: {kills} kills, {count} chunks, {reader.reads} reads"
            )
        reader.read_session(is_whole=not plan.truth.is_rebuilt)


def _finish_pending_work(plan: _Plan) -> list[str]:
    """Finish all pending work of every job; return the failures."""
    store, settings = plan.store, plan.settings
    failures: list[str] = []
    done = rebuild(store, settings)
    failures += [f"rebuild: {where}: {why}" for where, why in done.failed.items()]
    for _ in range(_ROUNDS_MAX):
        erase_all(store, settings, plan.requests_folder)
        failures += compact_all(store, settings)
        expire_all(store, settings)
        time.sleep(_GRACE_S)  # by then, unreferenced objects belong to no running writer
        maintained = maintain(store, settings, now_ms=now_ms())
        if not maintained.erased_again and not erasure.pending_erasures(store):
            return failures
    waits = [
        f"{pending.erasure_id}: {pending.waits_for}" for pending in erasure.pending_erasures(store)
    ]
    return [*failures, f"erasures are never done: {waits[:5]}"]


def _table(
    plan: _Plan,
    victims: Sequence[Victim],
    reader: Reader,
    done: verify.Verification,
    failures: Sequence[str],
) -> Table:
    truth = plan.truth
    kills: Counter[tuple[str, str]] = Counter()
    for victim in victims:
        kills.update(victim.kills)
    table = Table(title="soak")
    table.add_column("what")
    table.add_column("count", justify="right")
    rows: list[tuple[str, int]] = [
        *((f"kills: {job}, {how}", count) for (job, how), count in sorted(kills.items())),
        ("kills", kills.total()),
        ("sessions", len(truth.sessions)),
        ("acknowledged chunks", truth.acknowledged_count()),
        ("of these with other bytes, in quarantine", done.conflicts),
        ("erasures asked for", truth.erasure_count),
        ("websites put on a shorter plan", truth.expired_websites),
        ("sessions erased or expired", done.removed_sessions),
        ("reads meanwhile", reader.reads),
        ("acknowledged chunks lost", done.lost),
        ("events doubled", done.doubled),
        ("events invented", done.invented),
        ("erased or expired and there", done.resurrected),
        ("other failures", len(failures)),
    ]
    for what, count in rows:
        table.add_row(what, f"{count:,}")
    return table


def _answers(url: str) -> Callable[[Path, int], bool]:
    def is_up(log: Path, start: int) -> bool:
        try:
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    return is_up


def _has_started(log: Path, start: int) -> bool:
    with log.open("rb") as file:
        file.seek(start)
        return b"up\n" in file.read()


if __name__ == "__main__":
    sys.exit(main())
