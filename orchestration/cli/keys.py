"""`replaylake key …`: API keys of one website or of all."""

from typing import Annotated

import typer

from lake.control import api_keys
from orchestration.cli.context import AsJson, now_ms, open_lake
from orchestration.cli.output import print_json, print_note, print_table

app = typer.Typer(help="API keys, which may read or change a website.", no_args_is_help=True)


@app.command()
def create(
    website: Annotated[
        str,
        typer.Option(
            metavar="ID", help="The website (`replaylake website list`), or '*' for all of them."
        ),
    ],
    role: Annotated[str, typer.Option(help="viewer may read; admin may also change and erase.")],
) -> None:
    """Create a key and print it. It cannot be shown later."""
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
        typer.Option(metavar="ID", help="Only keys of this website, or '*': of all websites."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all keys by id, revoked ones included; never the secret part."""
    store, _ = open_lake()
    listed = api_keys.of_website(store, website) if website else api_keys.list_all(store)
    columns = ("key_id", "website_id", "role", "created_at", "last_used_at", "revoked_at")
    rows = [[getattr(key, column) for column in columns] for key in listed]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, or the key itself.")],
) -> None:
    """Revoke a key for good. Services accept it for some seconds more."""
    store, settings = open_lake()
    key = api_keys.revoke(store, api_keys.key_id_of(key_id) or key_id, now_ms=now_ms(), by="cli")
    print_note(f"revoked; services may accept it for {settings.control_cache_s:g} s more")
    print(key.key_id)
