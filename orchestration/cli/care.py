"""Care for the lake: what expires, what is tidied, what is broken, what the store promises."""

from dataclasses import asdict

import typer

from orchestration.cli.opening import now_ms, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.printing import complain, print_json, print_table, progress


def retention(
    dry_run: bool = typer.Option(False, help="Count what would go, and remove nothing."),
    as_json: AsJson = False,
) -> None:
    """Remove sessions that their websites no longer keep."""
    from lake.retention import expire_day, expired_days

    store, settings = open_lake()
    now = now_ms()
    gone = []
    with progress() as step:
        days = expired_days(store, now_ms=now)
        for number, day in enumerate(days):
            step(f"{day}", number, len(days))
            gone.append(expire_day(store, settings, day, now_ms=now, dry_run=dry_run))
    if as_json:
        print_json([asdict(one) for one in gone])
        return
    columns = ("day", "session_count", "file_count", "file_bytes", "segment_count")
    print_table(columns, [[getattr(one, name) for name in columns] for one in gone])
    what = "would go" if dry_run else "are gone"
    print(f"{sum(one.session_count for one in gone)} sessions {what}")


def maintain(as_json: AsJson = False) -> None:
    """Move finished days to the cold layout, vacuum, and sweep what nothing points at."""
    from lake.maintenance import maintain

    store, settings = open_lake()
    with progress() as step:
        done = maintain(store, settings, now_ms=now_ms(), report=step)._asdict()
    moved = done.pop("moved")
    done = {"cold_days": moved.day_count, "moved_rows": moved.row_count, **done}
    if as_json:
        print_json(done)
    else:
        print_table(("what", "count"), done.items())


def rebuild(as_json: AsJson = False) -> None:
    """Make all tables again from the session files alone."""
    from lake.rebuild import rebuild

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
        complain(f"{what}: {why}")
    if done.failed:
        raise typer.Exit(1)


def check(as_json: AsJson = False) -> None:
    """Verify every invariant of the lake; print what is broken, and fail if anything is."""
    from lake.check import check

    store, settings = open_lake()
    with progress() as step:
        broken = check(store, settings, now_ms=now_ms(), report=step)
    if as_json:
        print_json([one._asdict() for one in broken])
    elif broken:
        print_table(("kind", "where", "detail"), broken)
    else:
        print("nothing is broken")
    if broken:
        raise typer.Exit(1)


def preflight(as_json: AsJson = False) -> None:
    """Test that the object store keeps the promises that the lake relies on."""
    from lake.preflight import preflight

    store, settings = open_lake()
    with progress() as step:
        step(store.url)
        findings = preflight(store, settings, now_ms=now_ms())
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        print_table(("promise", "kept", "detail"), findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
