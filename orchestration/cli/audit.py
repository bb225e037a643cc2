"""`replaylake audit`: who did what to a website, and who watched which session."""

from datetime import datetime
from typing import Annotated

import typer

from lake.timestamps import parse_iso
from orchestration.cli.context import now_ms, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.output import print_json, print_note, print_table

_COLUMNS = ("at", "actor", "action", "target", "details")


def audit(
    website: Annotated[
        str, typer.Option(metavar="ID", help="The website; '*': what concerns all of them.")
    ],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="ISO", help="First instant.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="ISO", help="First instant after the last.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100,
    fold: Annotated[
        bool, typer.Option("--fold", help="First move what waits into the table `audit`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the audit log of a website, the newest first."""
    import msgspec

    from lake.control import websites
    from lake.control.audit_entries import ALL_WEBSITES, AuditLogEntry
    from lake.tables import audit_log

    store, settings = open_lake()
    if website != ALL_WEBSITES:
        websites.get(store, website)
    if fold:
        folded = audit_log.compact_entries(store, settings, now_ms=now_ms())
        print_note(
            f"{folded.entry_count} entries moved, {folded.dropped_count} dropped for their age"
        )
    log, found = audit_log.AuditReader(store), list[AuditLogEntry]()
    cursor = None
    while len(found) < limit:
        some = min(audit_log.LIMIT_MAX, limit - len(found))
        page = log.entries(
            website, from_at=_instant(from_), to_at=_instant(to), limit=some, cursor=cursor
        )
        found += page.entries
        cursor = page.next_cursor
        if cursor is None:
            break
    if as_json:
        print_json(found)
        return
    rows = [
        (one.at, one.actor, one.action, one.target, msgspec.json.encode(one.details).decode())
        for one in found
    ]
    print_table(_COLUMNS, rows)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: give ISO 8601, such as 2026-11-23") from error
