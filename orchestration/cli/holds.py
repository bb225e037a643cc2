"""`replaylake hold …`: what retention and erasure must leave as it is."""

from typing import Annotated

import typer

from lake.control import legal_holds
from lake.control import websites as lake_websites
from lake.errors import Damaged
from orchestration.cli.context import now_ms, open_lake
from orchestration.cli.options import AsJson, WebsiteId
from orchestration.cli.output import print_error, print_json, print_note, print_table

app = typer.Typer(
    help="Legal holds: sessions that nothing removes until their hold is released.",
    no_args_is_help=True,
)

_Session = Annotated[
    str | None, typer.Option(metavar="ID", help="Only this session; without it, all of them.")
]
_COLUMNS = ("website_id", "session_id", "reason", "placed_at", "placed_by")


@app.command()
def place(
    website: WebsiteId,
    reason: Annotated[str, typer.Option(help="Why, such as the number of a case.")],
    session: _Session = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who places it.")] = "cli",
) -> None:
    """Keep a session, or all of a website, from retention and erasure."""
    store, _ = open_lake()
    from lake import erasure

    legal_holds.place(store, website, session, reason=reason, by=by, now_ms=now_ms())
    print_note(
        "held from now on; a retention that runs at this moment may have removed some already"
    )
    # Asked after the hold was written: a run that begins later sees it.
    for one in erasure.started_erasures(store, website, session):
        print_error(f"erasure {one.erasure_id} has begun, and may have removed some already")
    print(session or website)


@app.command(name="list")
def list_(
    website: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the holds of this website.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what is held, why, since when and by whom."""
    store, _ = open_lake()
    failed = []
    if website is None:
        found = []
        for one in legal_holds.read_all(store).values():
            if isinstance(one, Damaged):
                failed.append(one)
            else:
                found.append(one)
    else:
        found = [legal_holds.read(store, lake_websites.get(store, website).website_id)]
    rows = [
        (one.website_id, session_id, hold.reason, hold.placed_at, hold.placed_by)
        for one in found
        for session_id, hold in [(None, one.website), *sorted(one.sessions.items())]
        if hold is not None
    ]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)
    for error in failed:
        print_error(f"{error}: all of its website is held")
    if failed:
        raise typer.Exit(1)


@app.command()
def release(
    website: WebsiteId,
    session: _Session = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who ends it.")] = "cli",
) -> None:
    """End a hold. What is past its retention, or to be erased, goes with the next run."""
    store, _ = open_lake()
    before = legal_holds.read(store, lake_websites.get(store, website).website_id)
    if session not in before.sessions if session else before.website is None:
        print_error(f"nothing holds {session or website}: see `replaylake hold list`")
        raise typer.Exit(1)
    after = legal_holds.release(store, website, session, by=by, now_ms=now_ms())
    if session and after.holds(session):
        print_note("the session is still held: its whole website is")
    print(session or website)
