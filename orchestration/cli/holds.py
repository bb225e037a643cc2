"""`replaylake hold …`: legal holds, which retention and erasure must respect."""

from typing import Annotated

import typer

from lake.control import legal_holds
from lake.control import websites as lake_websites
from lake.errors import Damaged
from orchestration.cli.context import AsJson, WebsiteId, now_ms, open_lake
from orchestration.cli.output import print_error, print_json, print_note, print_table

app = typer.Typer(
    help="Legal holds: sessions that are not removed until the hold is released.",
    no_args_is_help=True,
)

_Session = Annotated[
    str | None, typer.Option(metavar="ID", help="Only this session; without it, the whole website.")
]
_COLUMNS = ("website_id", "session_id", "reason", "placed_at", "placed_by")


@app.command()
def place(
    website: WebsiteId,
    reason: Annotated[str, typer.Option(help="The reason, such as a case number.")],
    session: _Session = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Name for the audit log.")] = "cli",
) -> None:
    """Protect a session, or a whole website, from retention and erasure."""
    store, _ = open_lake()
    from lake import erasure

    legal_holds.place(store, website, session, reason=reason, by=by, now_ms=now_ms())
    print_note(
        "held from now on; a retention run in progress may have removed some sessions already"
    )
    # Read after the hold was written: a run that begins later sees it.
    for started in erasure.started_erasures(store, website, session):
        print_error(
            f"erasure {started.erasure_id} has started and may have removed some sessions already"
        )
    print(session or website)


@app.command(name="list")
def list_(
    website: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the holds of this website.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all holds with their reason, time and author."""
    store, _ = open_lake()
    failed = []
    if website is None:
        all_holds = []
        for holds in legal_holds.read_all(store).values():
            if isinstance(holds, Damaged):
                failed.append(holds)
            else:
                all_holds.append(holds)
    else:
        all_holds = [legal_holds.read(store, lake_websites.get(store, website).website_id)]
    rows = [
        (holds.website_id, session_id, hold.reason, hold.placed_at, hold.placed_by)
        for holds in all_holds
        for session_id, hold in [(None, holds.website), *sorted(holds.sessions.items())]
        if hold is not None
    ]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)
    for error in failed:
        print_error(f"{error}: the whole website counts as held")
    if failed:
        raise typer.Exit(1)


@app.command()
def release(
    website: WebsiteId,
    session: _Session = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Name for the audit log.")] = "cli",
) -> None:
    """Release a hold. Sessions past retention or with an erasure go in the next run."""
    store, _ = open_lake()
    before = legal_holds.read(store, lake_websites.get(store, website).website_id)
    if session not in before.sessions if session else before.website is None:
        print_error(f"nothing holds {session or website}: see `replaylake hold list`")
        raise typer.Exit(1)
    after = legal_holds.release(store, website, session, by=by, now_ms=now_ms())
    if session and after.holds(session):
        print_note("the session is still held, because its whole website is")
    print(session or website)
