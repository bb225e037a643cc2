"""Commands of operation: retention, maintenance, checks, repairs and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lake.settings import Settings, env_name, from_environ
from lake.storage.failures import Failures
from orchestration.cli.context import AsJson, now_ms, open_any_lake, open_lake
from orchestration.cli.output import print_error, print_json, print_table, progress

if TYPE_CHECKING:
    from lake.operations.check.finding import CheckFinding

_BROKEN = ("kind", "where", "detail")
_AFFECTED = ("sessions", "chunks")
_LISTED_MAX = 1000  # sessions that a dry run lists
_SECRET_SETTINGS = ("aws_access_key_id", "aws_secret_access_key")


def retention(
    dry_run: bool = typer.Option(False, help="Print what would be removed and remove nothing."),
    as_json: AsJson = False,
) -> None:
    """Remove sessions past their website's retention, except those under a legal hold."""
    from lake.retention.run import expire_day, expired_days

    store, settings = open_lake()
    now = now_ms()
    reports = []
    failures = Failures()
    with progress() as step:
        days = expired_days(store, settings, now_ms=now)
        for number, day in enumerate(days):
            step(f"{day}", number, len(days))
            with failures.of(f"{day}"):
                reports.append(expire_day(store, settings, day, now_ms=now, dry_run=dry_run))
    if as_json:
        totals = ("object_count", "size_bytes")
        print_json(
            [
                asdict(report) | {name: getattr(report, name) for name in totals}
                for report in reports
            ]
        )
    else:
        columns = ("day", "session_count", "object_count", "size_bytes", "kept")
        rows = [
            [
                report.day,
                report.session_count,
                report.object_count,
                report.size_bytes,
                _counts(report.kept),
            ]
            for report in reports
        ]
        sessions = [(report.day, *key) for report in reports for key in report.sessions]
        if sessions:
            print_table(("day", "website_id", "session_id"), sessions[:_LISTED_MAX])
        print_table(columns, rows)
        what = "would go" if dry_run else "are gone"
        print(f"{sum(report.session_count for report in reports)} sessions {what}")
    _fail_on_any(
        failures, [report.failed for report in reports], "{}: kept, since it cannot be read: {}"
    )


def maintain(as_json: AsJson = False) -> None:
    """Move finished days to the cold layout, vacuum tables, and delete unreferenced objects."""
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
    """Rebuild all tables from the session files alone."""
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
    again: bool = typer.Option(False, help="Also score sessions that have this version's scores."),
    as_json: AsJson = False,
) -> None:
    """Score sessions of older versions by the current rules, from their files."""
    from lake.operations.rescore import rescore_day
    from lake.storage import keys
    from lake.storage.stored_days import days_under

    store, _ = open_lake()
    reports = []
    failures = Failures()
    with progress() as step:
        days = [day.date()] if day else list(days_under(store, keys.SESSIONS))
        for number, rescored in enumerate(days):
            step(f"{rescored}", number, len(days))
            with failures.of(f"{rescored}"):
                reports.append(rescore_day(store, rescored, again=again))
    if as_json:
        print_json([asdict(report) for report in reports])
    else:
        print(f"{sum(report.session_count for report in reports)} sessions scored")
    _fail_on_any(failures, [report.failed for report in reports], "{} keeps its scores: {}")


def check(as_json: AsJson = False) -> None:
    """Verify every invariant of the lake; exit with 1 if anything is broken or quarantined."""
    from lake.operations.check.run import check

    store, settings = open_lake()
    with progress() as step:
        findings = check(store, settings, now_ms=now_ms(), report=step)
    if as_json:
        print_json([_as_json(finding) for finding in findings])
    elif findings:
        print_table(_BROKEN, [finding[: len(_BROKEN)] for finding in findings])
    else:
        print("nothing is broken")
    if findings:
        raise typer.Exit(1)


def repair(
    dry_run: bool = typer.Option(False, help="Print what would be done and change nothing."),
    as_json: AsJson = False,
) -> None:
    """Repair what `check` finds from readable data, and quarantine the rest."""
    from lake.operations.repair import repair

    store, settings = open_lake()
    with progress() as step:
        outcome = repair(store, settings, now_ms=now_ms(), dry_run=dry_run, report=step)
    if as_json:
        print_json(
            {
                name: [action._asdict() for action in actions]
                for name, actions in vars(outcome).items()
            }
        )
    elif outcome.done:
        print_table(("would be done" if dry_run else "done", "where", "why"), outcome.done)
    elif not outcome.left:
        print("nothing is broken")
    for action in outcome.left:
        print_error(f"{action.what}: {action.where}: {action.why}")
    if outcome.left:
        raise typer.Exit(1)


def preflight(as_json: AsJson = False) -> None:
    """Test that the object store gives the guarantees that the lake relies on.

    A bucket may still be empty. A folder must hold a lake, because the test would create one.
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


def settings(as_json: AsJson = False) -> None:
    """Show all settings: environment variable, value in use, default and reason."""
    values = from_environ()
    columns = ("variable", "value", "default", "reason")
    rows = []
    for field in fields(Settings):
        value = getattr(values, field.name)
        shown = "(set)" if value and field.name in _SECRET_SETTINGS else value
        rows.append((env_name(field.name), shown, field.default, field.metadata["reason"]))
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, [[str(value) for value in row] for row in rows])  # as they are typed


def _fail_on_any(failures: Failures, failed: Sequence[Mapping[str, str]], says: str) -> None:
    """Print what failed within days as `says` (what, why); exit with 1 if anything did."""
    for of_day in failed:
        for what, why in of_day.items():
            print_error(says.format(what, why))
    _fail_on(failures)
    if any(failed):
        raise typer.Exit(1)


def _fail_on(failures: Failures) -> None:
    """Exit with 1 if items failed, naming each."""
    for what, why in failures.reasons.items():
        print_error(f"{what}: {why}")
    if failures.reasons:
        raise typer.Exit(1)


def _as_json(finding: "CheckFinding") -> dict[str, object]:
    affected = {name: value for name in _AFFECTED if (value := getattr(finding, name)) is not None}
    return {name: getattr(finding, name) for name in _BROKEN} | affected


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{what}: {count:,}" for what, count in sorted(counts.items()))
