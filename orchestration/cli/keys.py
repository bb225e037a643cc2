"""`replaylake key …`: who may read and change a website's sessions, or all."""

from typing import Annotated

import typer

from lake.control import api_keys
from orchestration.cli.context import now_ms, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.output import print_json, print_note, print_table

app = typer.Typer(help="API keys: who may read and change a website.", no_args_is_help=True)


@app.command()
def create(
    website: Annotated[
        str,
        typer.Option(
            metavar="ID", help="The website (`replaylake website list`), or '*' for all of them."
        ),
    ],
    role: Annotated[str, typer.Option(help="viewer reads, admin also changes and erases.")],
) -> None:
    """Make a key and print it. It is shown this once."""
    store, settings = open_lake()
    token = api_keys.create(
        store,
        website_id=website,
        role=role,
        now_ms=now_ms(),
        by="cli",
        keys_max=settings.website_keys_max,
    )
    print(token)


@app.command(name="list")
def list_(
    website: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only the keys of this website; '*': those for all."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all keys, revoked ones too; never the keys themselves."""
    store, _ = open_lake()
    found = api_keys.of_website(store, website) if website else api_keys.list_all(store)
    columns = ("key_id", "website_id", "role", "created_at", "last_used_at", "revoked_at")
    rows = [[getattr(key, column) for column in columns] for key in found]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, or the key itself.")],
) -> None:
    """End a key for ever. Services believe it for some seconds more."""
    store, settings = open_lake()
    key = api_keys.revoke(store, api_keys.key_id_of(key_id) or key_id, now_ms=now_ms(), by="cli")
    print_note(f"revoked; services may believe it for {settings.control_cache_s:g} s more")
    print(key.key_id)
