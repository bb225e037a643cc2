"""Care for the lake: what expires, what is tidied, what is broken, what the store promises."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lake.settings import from_environ
from lake.storage.failures import Failures
from orchestration.cli.context import now_ms, open_any_lake, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.output import print_error, print_json, print_table, progress

if TYPE_CHECKING:
    from lake.operations.check.finding import CheckFinding

_BROKEN = ("kind", "where", "detail")
_AFFECTED = ("sessions", "chunks")
_LISTED_MAX = 1000  # sessions that a dry run names


def retention(
    dry_run: bool = typer.Option(False, help="Tell what would go, and remove nothing."),
    as_json: AsJson = False,
) -> None:
    """Remove sessions that their websites no longer keep, but for those under a legal hold."""
    from lake.retention.run import expire_day, expired_days

    store, settings = open_lake()
    now = now_ms()
    gone = []
    failures = Failures()
    with progress() as step:
        days = expired_days(store, settings, now_ms=now)
        for number, day in enumerate(days):
            step(f"{day}", number, len(days))
            with failures.of(f"{day}"):
                gone.append(expire_day(store, settings, day, now_ms=now, dry_run=dry_run))
    if as_json:
        totals = ("object_count", "size_bytes")
        print_json([asdict(one) | {name: getattr(one, name) for name in totals} for one in gone])
    else:
        columns = ("day", "session_count", "object_count", "size_bytes", "kept")
        rows = [
            [one.day, one.session_count, one.object_count, one.size_bytes, _counts(one.kept)]
            for one in gone
        ]
        sessions = [(one.day, *key) for one in gone for key in one.sessions]
        if sessions:
            print_table(("day", "website_id", "session_id"), sessions[:_LISTED_MAX])
        print_table(columns, rows)
        what = "would go" if dry_run else "are gone"
        print(f"{sum(one.session_count for one in gone)} sessions {what}")
    failed = {what: why for one in gone for what, why in one.failed.items()}
    for what, why in failed.items():
        print_error(f"{what}: kept, since it cannot be read: {why}")
    _fail_on(failures)
    if failed:
        raise typer.Exit(1)


def maintain(as_json: AsJson = False) -> None:
    """Move finished days to the cold layout, vacuum, and sweep what nothing points at."""
    from lake.operations.maintenance import maintain

    store, settings = open_lake()
    with progress() as step:
        done = maintain(store, settings, now_ms=now_ms(), report=step)._asdict()
    moved, failed = done.pop("moved"), done.pop("failed")
    done = {"cold_days": moved.day_count, "moved_rows": moved.row_count, **done}
    if as_json:
        print_json(done | {"failed": dict(failed)})
    else:
        print_table(("what", "count"), done.items())
    for what, why in failed.items():
        print_error(f"{what}: {why}")
    if failed:
        raise typer.Exit(1)


def rebuild(as_json: AsJson = False) -> None:
    """Make all tables again from the session files alone."""
    from lake.operations.rebuild import rebuild

    store, settings = open_lake()
    with progress() as step:
        done = rebuild(
            store,
            settings,
            report=lambda day, so_far: step(f"{day}: {so_far.session_count} sessions"),
        )
    if as_json:
        print_json(asdict(done))
    else:
        print(f"{done.session_count} sessions")
    for what, why in done.failed.items():
        print_error(f"{what}: {why}")
    if done.failed:
        raise typer.Exit(1)


def rescore(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this day's sessions.")
    ] = None,
    again: bool = typer.Option(False, help="Those too that have this version's scores."),
    as_json: AsJson = False,
) -> None:
    """Score old sessions by the rules of this version, from their files."""
    from lake.operations.rescore import rescore_day
    from lake.storage import keys
    from lake.storage.stored_days import days_under

    store, _ = open_lake()
    done = []
    failures = Failures()
    with progress() as step:
        days = [day.date()] if day else list(days_under(store, keys.SESSIONS))
        for number, one in enumerate(days):
            step(f"{one}", number, len(days))
            with failures.of(f"{one}"):
                done.append(rescore_day(store, one, again=again))
    if as_json:
        print_json([asdict(one) for one in done])
    else:
        print(f"{sum(one.session_count for one in done)} sessions scored")
    failed = {what: why for one in done for what, why in one.failed.items()}
    for what, why in failed.items():
        print_error(f"{what} keeps its scores: {why}")
    _fail_on(failures)
    if failed:
        raise typer.Exit(1)


def check(as_json: AsJson = False) -> None:
    """Verify every invariant of the lake; fail if anything is broken or in quarantine."""
    from lake.operations.check.run import check

    store, settings = open_lake()
    with progress() as step:
        broken = check(store, settings, now_ms=now_ms(), report=step)
    if as_json:
        print_json([_as_json(one) for one in broken])
    elif broken:
        print_table(_BROKEN, [one[: len(_BROKEN)] for one in broken])
    else:
        print("nothing is broken")
    if broken:
        raise typer.Exit(1)


def repair(
    dry_run: bool = typer.Option(False, help="Tell what would be done, and change nothing."),
    as_json: AsJson = False,
) -> None:
    """Mend what `check` finds, from what can be read; put aside what cannot."""
    from lake.operations.repair import repair

    store, settings = open_lake()
    with progress() as step:
        found = repair(store, settings, now_ms=now_ms(), dry_run=dry_run, report=step)
    if as_json:
        print_json({name: [one._asdict() for one in some] for name, some in vars(found).items()})
    elif found.done:
        print_table(("would be done" if dry_run else "done", "where", "why"), found.done)
    elif not found.left:
        print("nothing is broken")
    for one in found.left:
        print_error(f"{one.what}: {one.where}: {one.why}")
    if found.left:
        raise typer.Exit(1)


def preflight(as_json: AsJson = False) -> None:
    """Test that the object store keeps the promises that the lake relies on.

    A bucket may still be empty. In a folder there must be a lake, as else its trial would make one.
    """
    from lake.operations.preflight import preflight

    is_bucket = from_environ().lake.startswith("s3://")
    store, settings = open_any_lake(create=False) if is_bucket else open_lake()
    with progress() as step:
        step(store.url)
        findings = preflight(store, settings, now_ms=now_ms())
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        print_table(("promise", "kept", "detail"), findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _fail_on(failures: Failures) -> None:
    """End with 1 if items failed, naming each."""
    for what, why in failures.found.items():
        print_error(f"{what}: {why}")
    if failures.found:
        raise typer.Exit(1)


def _as_json(one: "CheckFinding") -> dict[str, object]:
    affected = {name: value for name in _AFFECTED if (value := getattr(one, name)) is not None}
    return {name: getattr(one, name) for name in _BROKEN} | affected


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{what}: {count:,}" for what, count in sorted(found.items()))
