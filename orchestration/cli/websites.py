"""`replaylake website …`: websites with their plan and settings."""

from typing import Annotated

import msgspec
import typer

from lake.control import websites
from lake.control.plans import PLANS, plans_of
from lake.control.websites import SETTINGS, Website
from lake.errors import SettingInvalid
from lake.settings import Settings
from orchestration.cli.context import AsJson, now_ms, open_any_lake, open_lake
from orchestration.cli.output import print_json, print_note, print_table

app = typer.Typer(help="Websites, their plan and settings.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The website's id.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Display name.")],
    plan: Annotated[str, typer.Option(help=f"One of {', '.join(PLANS)}.")] = "pro",
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Origin of its pages, such as https://shop.example; * for any; repeatable."
        ),
    ] = None,
) -> None:
    """Create a website and print its id. Recording is off until `website set` turns it on."""
    store, settings = open_any_lake(create=True)
    made = websites.create(store, name, plan=plan, origins=tuple(origin or ()), now_ms=now_ms())
    print(made.website_id)
    if not origin:
        print_note("no page may record yet: replaylake website set ID origins=https://…")
    if settings.ingest_url:
        address = f"{settings.ingest_url.rstrip('/')}/r.js"
        print_note(
            f'script tag: <script async src="{address}" data-website="{made.website_id}"></script>'
        )


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List all websites."""
    store, _ = open_lake()
    listed = websites.list_all(store)
    if as_json:
        print_json(listed)
        return
    columns = ("id", "name", "plan", "records", "trigger", "origins")
    print_table(columns, [_row(website) for website in listed])


@app.command()
def show(website_id: Id, as_json: AsJson = False) -> None:
    """Show a website with all its settings."""
    store, settings = open_lake()
    _show(websites.get(store, website_id), settings, as_json)


@app.command(name="set")
def set_(
    website_id: Id,
    changes: Annotated[
        list[str],
        typer.Argument(metavar="KEY=VALUE...", help=f"Keys: {', '.join(SETTINGS)}."),
    ],
    as_json: AsJson = False,
) -> None:
    """Change settings, all or none."""
    given = dict(change.partition("=")[::2] for change in changes)
    if not all("=" in change for change in changes):
        raise SettingInvalid(f"{' '.join(changes)}: give KEY=VALUE, such as plan=scale")
    store, settings = open_lake()
    changed = websites.change(store, website_id, given, by="cli", now_ms=now_ms())
    _show(changed, settings, as_json)


def _row(website: Website) -> tuple[object, ...]:
    return (
        website.website_id,
        website.name,
        website.plan,
        website.records,
        website.feature_flags.session_replay_trigger,
        ", ".join(website.origins),
    )


def _show(website: Website, settings: Settings, as_json: bool) -> None:
    if as_json:
        print_json(website)
        return
    plan = plans_of(settings)[website.plan]
    rows: list[tuple[str, object]] = [
        ("id", website.website_id),
        ("name", website.name),
        ("plan", f"{plan.name}, keeps sessions for {plan.retention_days} days"),
        ("origins", ", ".join(website.origins)),
        ("created_at", website.created_at),
    ]
    for section in (website.feature_flags, website.privacy, website.smart):
        rows += [
            (name, ", ".join(value) if isinstance(value, tuple) else value)
            for name, value in msgspec.structs.asdict(section).items()
        ]
    print_table(("setting", "value"), rows)
