"""Ingest, compaction, maintenance and reading as real processes, killed over and over.

    python -m tests.soak --seconds 120
    python -m tests.soak --kills 1000

In the end every acknowledged chunk is looked for, every stored event is looked up, and the lake is
checked, rebuilt and checked again. Prints a table; exits with 1 if anything is lost or doubled.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import polars as pl
from rich.console import Console
from rich.table import Table

import lake
from lake import api_keys, crash, replay, websites
from lake.check import check
from lake.compaction import compact_day, waiting_days
from lake.rebuild import rebuild
from lake.settings import Settings
from lake.store import Store, open_store
from lake.summaries import summarise_day
from lake.view import Lake
from tests.processes import INGEST, QUERY, environ_of, free_port
from tests.soak.victims import Victim
from tests.soak.visitors import Recorded, Visitors

_WORK = """
import sys, time
from lake.compaction import compact_day, waiting_days
from lake.errors import Conflict
from lake.maintenance import maintain
from lake.settings import from_environ
from lake.store import open_store
from lake.summaries import summarise_day
settings = from_environ()
store = open_store(settings)
print("up", flush=True)
while True:
    now_ms = int(time.time() * 1000)
    try:
        if sys.argv[1] == "maintain":
            maintain(store, settings, now_ms=now_ms)
        for day in waiting_days(store) if sys.argv[1] == "compact" else []:
            compact_day(store, settings, day, now_ms=now_ms)
            summarise_day(store, day)
    except Conflict as error:
        print(error, flush=True)
    time.sleep(0.05)
"""
_SEEN_AFTER_S = 4.0  # an acknowledged chunk must be in a reader's answer by then


def main() -> int:
    """Run a soak."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=120, help="how long, without --kills")
    parser.add_argument("--kills", type=int, default=0, help="go on until so many were killed")
    parser.add_argument("--visitors", type=int, default=6)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    console = Console()
    console.print(f"seed {chosen.seed}")
    with tempfile.TemporaryDirectory(prefix="replaylake-soak-") as name:
        return _soak(Path(name), chosen, console)


def _soak(folder: Path, chosen: argparse.Namespace, console: Console) -> int:
    settings = Settings(lake=str(folder / "lake"), orphan_grace_s=5)
    store = open_store(settings)
    website = websites.create(
        store, "soak", plan="pro", origins=("https://shop.example",), now_ms=_now_ms()
    )
    website = websites.change(
        store,
        website.website_id,
        {"enable_session_replay": True, "session_replay_trigger": "all"},
    )
    key = api_keys.create(store, website_id=website.website_id, role="viewer", now_ms=_now_ms())
    ports = {"ingest": free_port(), "query": free_port()}
    environ = environ_of(settings)

    def server(name: str, command: tuple[str, ...], points: tuple[str, ...]) -> Victim:
        url = f"http://127.0.0.1:{ports[name]}/readyz"
        argv = [part.replace("{port}", str(ports[name])) for part in command]
        return Victim(
            name, argv, environ, points, folder / f"{name}.log", _answers(url), chosen.seed
        )

    def worker(name: str, prefixes: tuple[str, ...]) -> Victim:
        points = tuple(point for point in crash.POINTS if point.startswith(prefixes))
        command = [sys.executable, "-c", _WORK, name]
        log = folder / f"{name}.log"
        return Victim(name, command, environ, points, log, _says_up, chosen.seed)

    victims = [
        server("ingest", INGEST, ("ingest-before-put", "ingest-after-put")),
        server("query", QUERY, ()),
        worker("compact", ("compact-", "store-")),
        worker("maintain", ("layout-",)),
    ]
    visitors = Visitors(
        f"http://127.0.0.1:{ports['ingest']}", website.website_id, chosen.visitors, chosen.seed
    )
    reads, wrong_reads = _watch(
        victims, visitors, f"http://127.0.0.1:{ports['query']}", key, chosen, console
    )
    visitors.stop()
    for victim in victims:
        victim.spare()
    failures = [failure for victim in victims for failure in victim.failures]
    failures += visitors.refused[:3] + wrong_reads[:3]
    for day in waiting_days(store):
        done = compact_day(store, settings, day, now_ms=_now_ms())
        failures += [f"{where}: {why}" for where, why in done.failed.items()]
        summarise_day(store, day)
    reader = Lake(store, settings, _now_ms)
    lost, doubled, invented = _compare(reader, website, visitors.sessions)
    failures += [f"{b.kind} {b.where} {b.detail}" for b in check(store, settings, now_ms=_now_ms())]
    failures += _rebuilt_otherwise(store, settings)
    table = Table(title="soak")
    table.add_column("what")
    table.add_column("count", justify="right")
    for victim in victims:
        for how, count in sorted(victim.kills.items()):
            table.add_row(f"kills: {victim.name}, {how}", str(count))
    table.add_row("kills", str(sum(sum(v.kills.values()) for v in victims)))
    table.add_row("sessions", str(len(visitors.sessions)))
    table.add_row("acknowledged chunks", str(visitors.acknowledged_count()))
    table.add_row("reads meanwhile", str(reads))
    table.add_row("acknowledged chunks lost", str(lost))
    table.add_row("events doubled", str(doubled))
    table.add_row("events invented", str(invented))
    table.add_row("other failures", str(len(failures)))
    console.print(table)
    for failure in failures[:20]:
        console.print(failure, markup=False)
    return 1 if lost or doubled or invented or failures else 0


def _watch(
    victims: list[Victim],
    visitors: Visitors,
    query_url: str,
    key: str,
    chosen: argparse.Namespace,
    console: Console,
) -> tuple[int, list[str]]:
    """Read random sessions until it is over; return how many reads, and what was wrong."""
    dice = random.Random(chosen.seed)
    began = shown = time.monotonic()
    reads = 0
    wrong: list[str] = []
    with httpx.Client(base_url=query_url, headers={"Authorization": f"Bearer {key}"}) as client:
        while True:
            kills = sum(sum(victim.kills.values()) for victim in victims)
            now = time.monotonic()
            if any(victim.failures for victim in victims):
                break
            if kills >= chosen.kills if chosen.kills else now - began > chosen.seconds:
                break
            if now - shown > 15:
                shown = now
                count = visitors.acknowledged_count()
                console.print(f"{now - began:.0f} s: {kills} kills, {count} chunks, {reads} reads")
            with visitors.guard:
                session = dice.choice(visitors.sessions) if visitors.sessions else None
                due = [
                    number
                    for place, at in (session.acknowledged_at.items() if session else ())
                    if at < now - _SEEN_AFTER_S
                    for number in session.sent[place]
                ]
            if session is None or not due:
                time.sleep(0.02)
                continue
            try:
                answer = client.get(f"/api/replay/{session.session_id}", timeout=30)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            reads += 1
            if answer.status_code != 200:
                wrong.append(f"replay answered {answer.status_code}: {answer.text[:300]}")
                continue
            numbers = Counter(_number(line) for line in answer.text.splitlines())
            missing = [number for number in due if numbers[number] != 1]
            if missing:
                wrong.append(f"{session.session_id}: {len(missing)} of {len(due)} not once")
    return reads, wrong


def _compare(
    reader: Lake, website: websites.Website, sessions: list[Recorded]
) -> tuple[int, int, int]:
    """Return (acknowledged chunks lost, events doubled, events invented)."""
    lost = doubled = invented = 0
    for session in sessions:
        if not session.acknowledged_at:
            continue
        answer = replay.replay(reader, website, session.session_id)
        found: Counter[int] = Counter()
        for piece in answer.pieces:
            found.update(_number(line) for line in piece.text().decode().split("\n")[:-1])
        for place in session.acknowledged_at:
            lost += any(not found[number] for number in session.sent[place])
        sent = {number for numbers in session.sent.values() for number in numbers}
        doubled += sum(count - 1 for count in found.values())
        invented += len(found.keys() - sent)
    return lost, doubled, invented


def _rebuilt_otherwise(store: Store, settings: Settings) -> list[str]:
    """Rebuild the tables; return those that are not as before."""

    def rows() -> dict[str, object]:
        opened = lake.open(settings.lake)
        return {
            name: getattr(opened, name)().collect().sort(pl.all()).to_dicts()
            for name in ("sessions", "pages", "errors", "signals", "daily_summary")
        }

    before = rows()
    done = rebuild(store, settings)
    after = rows()
    wrong = [f"rebuild changed {name}" for name in before if before[name] != after[name]]
    wrong += [f"rebuild: {where}: {why}" for where, why in done.failed.items()]
    return wrong + [f"after rebuild: {b}" for b in check(store, settings, now_ms=_now_ms())]


def _number(line: str) -> int:
    return int(json.loads(line)["data"]["number"])


def _answers(url: str) -> Callable[[Path, int], bool]:
    def is_up(log: Path, start: int) -> bool:
        try:
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    return is_up


def _says_up(log: Path, start: int) -> bool:
    with log.open("rb") as file:
        file.seek(start)
        return b"up\n" in file.read()


def _now_ms() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    sys.exit(main())
