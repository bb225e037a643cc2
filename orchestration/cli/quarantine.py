"""`replaylake quarantine …`: what could not become part of a session, and its removal."""

from datetime import datetime
from typing import Annotated

import typer

from orchestration.cli.context import now_ms, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.output import print_json, print_table

app = typer.Typer(
    help="Chunks and objects that are in no session. `replaylake repair` brings back what it can.",
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
    """List what is in quarantine, and why."""
    from lake.operations.quarantine_contents import contents

    store, _ = open_lake()
    found = contents(store, day.date() if day else None)
    if as_json:
        print_json(
            [
                {
                    "key": one.key,
                    "kind": one.kind,
                    "chunks": one.chunk_count,
                    "counted_only": one.counted_only,
                    "sessions": None
                    if one.sessions is None
                    else ["/".join(key) for key in sorted(one.sessions)],
                    "size_bytes": one.size_bytes,
                    "reason": one.reason,
                }
                for one in found
            ]
        )
        return
    rows = [
        (
            one.key,
            one.kind,
            "unknown" if one.chunk_count is None else one.chunk_count,
            "unknown" if one.sessions is None else len(one.sessions),
            one.size_bytes,
            one.reason,
        )
        for one in found
    ]
    print_table(_COLUMNS, rows)


@app.command()
def remove(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY...", help="As `quarantine list` shows them.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that is there.")] = False,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who removes it.")] = "cli",
) -> None:
    """Delete objects from quarantine for good, once somebody has looked at them; print their keys.

    The audit log tells it. What a legal hold keeps stays.
    """
    from lake.operations.quarantine_contents import contents, remove

    if bool(keys) == all_:
        raise typer.BadParameter("give KEYs, or --all")
    store, _ = open_lake()
    wanted = keys or [one.key for one in contents(store)]
    for key in remove(store, wanted, by=by, now_ms=now_ms()):
        print(key, flush=True)
