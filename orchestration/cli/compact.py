"""`replaylake compact`: compaction without Dagster, once or in a loop."""

import signal
import threading
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lake.errors import Conflict, StoreUnavailable
from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.failures import Failures, reason_of
from orchestration.cli.context import AsJson, now_ms, open_lake
from orchestration.cli.output import print_error, print_json, progress

if TYPE_CHECKING:
    from lake.compaction import CompactionReport

EVERY_S = 30.0  # as often as Dagster's sensor ticks; readers do not wait for it


def compact(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this day's sessions.")
    ] = None,
    single_pass: Annotated[
        bool, typer.Option("--once", help="Compact everything pending now, then exit.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two checks for due sessions.")
    ] = EVERY_S,
    as_json: AsJson = False,
) -> None:
    """Compact pending chunks into session files and tables.

    Without --once the command keeps running and compacts each session once it has ended.
    """
    store, settings = open_lake()
    only = day.date() if day else None
    if single_pass:
        _compact_all(store, settings, only, as_json)
    else:
        _compact_forever(store, settings, only, every, as_json)


def _compact_all(store: Store, settings: Settings, only: date | None, as_json: bool) -> None:
    """Compact until nothing is pending; exit with 1 where something cannot be compacted."""
    from lake.compaction import pending_days

    failed: dict[str, str] = {}
    has_progressed = True
    while days := [pending for pending in pending_days(store) if only in (None, pending)]:
        if not has_progressed:
            for what, why in failed.items():
                print_error(f"{what}: {why}")
            print_error(f"chunks are still pending on {', '.join(map(str, days))}")
            raise typer.Exit(1)
        has_progressed = False
        failed = {}
        failures = Failures()
        for day in days:
            with failures.of(f"{day}"):
                done = _compact_day(store, settings, day, settled_only=False, as_json=as_json)
                has_progressed |= done.segment_count > 0 or done.session_count > 0
                failed |= done.failed
        failed |= failures.reasons


def _compact_forever(
    store: Store, settings: Settings, only: date | None, every_s: float, as_json: bool
) -> None:
    from lake.compaction import due_days
    from lake.raw.pending_index import PendingIndex

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    index = PendingIndex(store)
    tried: dict[date, tuple[int, int]] = {}
    while not stop.is_set():
        try:
            now = now_ms()
            for day, at_ms in due_days(index.refresh(), settings, now).items():
                last_at_ms, tried_ms = tried.get(day, (-1, 0))
                is_new = at_ms != last_at_ms or now - tried_ms >= settings.compact_wait_s * 1000
                if only in (None, day) and is_new and not stop.is_set():
                    try:
                        _compact_day(store, settings, day, settled_only=True, as_json=as_json)
                    except (StoreUnavailable, Conflict):
                        raise
                    except Exception as error:  # noqa: BLE001 - other days go on
                        print_error(f"{day}: {reason_of(error)}; trying again later")
                    tried[day] = (at_ms, now)
        except (StoreUnavailable, Conflict) as error:
            print_error(f"{error}; trying again")  # the loop goes on when the store is back
        stop.wait(every_s)


def _compact_day(
    store: Store, settings: Settings, day: date, *, settled_only: bool, as_json: bool
) -> "CompactionReport":
    from lake.compaction import compact_day
    from lake.tables.daily_summary import summarise_day

    with progress() as step:
        step(f"{day}")
        done = compact_day(
            store,
            settings,
            day,
            now_ms=now_ms(),
            settled_only=settled_only,
            report=lambda so_far: step(f"{day}: {so_far.session_count} sessions"),
        )
        if done.session_count:
            summarise_day(store, day)
    if as_json:
        print_json(asdict(done))
    elif done.segment_count or done.session_count:
        print(
            f"{day}: {done.session_count} sessions, {done.chunk_count} chunks of "
            f"{done.segment_count} segments, {done.received_bytes:,} bytes became "
            f"{done.written_bytes:,}, {done.quarantined_count} quarantined, "
            f"{done.expired_count} expired, {len(done.failed)} failed",
            flush=True,
        )
    if done.quarantined_count or done.quarantined_segment_count:
        print_error(
            f"{day}: {done.quarantined_count} chunks and {done.quarantined_segment_count} segments "
            "were quarantined: see `replaylake quarantine list`"
        )
    return done
