"""`replaylake share …`: links that play one session without a key until they expire."""

from typing import Annotated

import typer

from lake.control import share_links, websites
from orchestration.cli.context import AsJson, WebsiteId, now_ms, open_lake
from orchestration.cli.output import print_json, print_note, print_table

app = typer.Typer(help="Links that play one session until they expire.", no_args_is_help=True)
_COLUMNS = ("share_id", "session_id", "created_at", "created_by", "expires_at", "revoked_at")


@app.command()
def create(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")],
    website: WebsiteId,
    days: Annotated[float, typer.Option(help="Days until the link expires.")] = 7,
) -> None:
    """Create a link and print its URL, or its token if REPLAY_DASHBOARD_URL is not set.

    Neither can be shown later.
    """
    from lake.reading.lake_snapshot import Lake
    from lake.reading.session_lookup import resolve_session

    store, settings = open_lake()
    owner = websites.get(store, website)
    resolve_session(Lake(store, settings, now_ms), owner, session)
    _, token = share_links.create(
        store,
        settings,
        owner.website_id,
        session,
        by="cli",
        expires_in_s=days * 86_400,
        now_ms=now_ms(),
    )
    base = settings.dashboard_url.rstrip("/")
    print(f"{base}/shared/{token}" if base else token)


@app.command(name="list")
def list_(
    website: WebsiteId,
    session: Annotated[
        str | None, typer.Option(metavar="ID", help="Only links to this session.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List a website's links by id, expired ones included; never their tokens."""
    store, _ = open_lake()
    listed = share_links.of_website(store, websites.get(store, website).website_id, session)
    rows = [[getattr(share, column) for column in _COLUMNS] for share in listed]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)


@app.command()
def revoke(
    share_id: Annotated[str, typer.Argument(metavar="SHARE", help="The link's id, or its token.")],
) -> None:
    """Revoke a link for good. Services accept it for some seconds more."""
    store, settings = open_lake()
    share = share_links.revoke(
        store, share_links.share_id_of(share_id) or share_id, now_ms=now_ms(), by="cli"
    )
    print_note(f"revoked; services may accept it for {settings.control_cache_s:g} s more")
    print(share.share_id)
