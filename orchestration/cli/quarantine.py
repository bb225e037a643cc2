"""`replaylake quarantine …`: list and remove what could not become part of a session."""

from datetime import datetime
from typing import Annotated

import typer

from orchestration.cli.context import AsJson, now_ms, open_lake
from orchestration.cli.output import print_json, print_table

app = typer.Typer(
    help="Chunks and objects that are in no session. `replaylake repair` recovers what it can.",
    no_args_is_help=True,
)
_COLUMNS = ("key", "kind", "chunks", "sessions", "size_bytes", "reason")


@app.command(name="list")
def list_(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this day's sessions.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the objects in quarantine with the reason of each."""
    from lake.operations.quarantine_contents import contents

    store, _ = open_lake()
    entries = contents(store, day.date() if day else None)
    if as_json:
        print_json(
            [
                {
                    "key": entry.key,
                    "kind": entry.kind,
                    "chunks": entry.chunk_count,
                    "counted_only": entry.counted_only,
                    "sessions": None
                    if entry.sessions is None
                    else ["/".join(key) for key in sorted(entry.sessions)],
                    "size_bytes": entry.size_bytes,
                    "reason": entry.reason,
                }
                for entry in entries
            ]
        )
        return
    rows = [
        (
            entry.key,
            entry.kind,
            "unknown" if entry.chunk_count is None else entry.chunk_count,
            "unknown" if entry.sessions is None else len(entry.sessions),
            entry.size_bytes,
            entry.reason,
        )
        for entry in entries
    ]
    print_table(_COLUMNS, rows)


@app.command()
def remove(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY...", help="As `quarantine list` shows them.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All objects in quarantine.")] = False,
    by: Annotated[str, typer.Option(metavar="NAME", help="Name for the audit log.")] = "cli",
) -> None:
    """Delete objects from quarantine for good and print their keys.

    Inspect them first. The audit log records it; objects under a legal hold stay.
    """
    from lake.operations.quarantine_contents import contents, remove

    if bool(keys) == all_:
        raise typer.BadParameter("give KEYs, or --all")
    store, _ = open_lake()
    wanted = keys or [entry.key for entry in contents(store)]
    for key in remove(store, wanted, by=by, now_ms=now_ms()):
        print(key, flush=True)
