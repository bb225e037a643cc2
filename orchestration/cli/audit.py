"""`replaylake audit`: changes to a website and replay views, each with its actor."""

from datetime import datetime
from typing import Annotated

import typer

from lake.timestamps import parse_iso
from orchestration.cli.context import AsJson, now_ms, open_lake
from orchestration.cli.output import print_json, print_note, print_table

_COLUMNS = ("at", "actor", "action", "target", "details")


def audit(
    website: Annotated[
        str, typer.Option(metavar="ID", help="The website, or '*' for entries about all websites.")
    ],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="ISO", help="Start of the period, ISO 8601.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="ISO", help="End of the period, exclusive.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of entries at most.")] = 100,
    compact_first: Annotated[
        bool, typer.Option("--fold", help="First move pending entries into the table `audit`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the audit log of a website, newest first."""
    from lake.control import websites
    from lake.control.audit_entries import ALL_WEBSITES, AuditLogEntry
    from lake.tables import audit_log

    store, settings = open_lake()
    if website != ALL_WEBSITES:
        websites.get(store, website)
    if compact_first:
        folded = audit_log.compact_entries(store, settings, now_ms=now_ms())
        print_note(
            f"{folded.entry_count} entries moved, {folded.dropped_count} dropped for their age"
        )
    log, entries = audit_log.AuditReader(store), list[AuditLogEntry]()
    cursor = None
    while len(entries) < limit:
        page_limit = min(audit_log.LIMIT_MAX, limit - len(entries))
        page = log.entries(
            website, from_at=_instant(from_), to_at=_instant(to), limit=page_limit, cursor=cursor
        )
        entries += page.entries
        cursor = page.next_cursor
        if cursor is None:
            break
    if as_json:
        print_json(entries)
        return
    rows = [
        (entry.at, entry.actor, entry.action, entry.target, _text_of(entry.details))
        for entry in entries
    ]
    print_table(_COLUMNS, rows)


def _text_of(details: object) -> str:
    import msgspec

    return msgspec.json.encode(details).decode()


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: give ISO 8601, such as 2026-11-23") from error
