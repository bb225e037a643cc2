"""`replaylake erase`: erasure of sessions, visitors and users, with a receipt."""

from typing import TYPE_CHECKING, Annotated

import typer

from lake.storage.base import Store
from lake.storage.failures import Failures
from orchestration.cli.context import AsJson, now_ms, open_lake
from orchestration.cli.output import print_error, print_json, print_note, print_table, progress

if TYPE_CHECKING:
    from lake.erasure import Receipt


def erase(
    session: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Erase this session; repeatable.")
    ] = None,
    visitor: Annotated[
        str | None, typer.Option(metavar="ID", help="Erase all sessions of this visitor.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Erase all sessions of this identified user.")
    ] = None,
    website: Annotated[
        str | None, typer.Option(metavar="ID", help="Their website; not needed for a session.")
    ] = None,
    waiting: Annotated[
        bool,
        typer.Option("--waiting", help="Execute all pending requests, also the API's."),
    ] = False,
    cancel: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Cancel a request that can never be executed; needs --website."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase sessions, or all sessions of a visitor or a user, and print the receipt.

    They are hidden at once and then removed from every file. The command waits some seconds for
    chunks that are still being stored.
    """
    from lake import erasure
    from lake.reading.lake_snapshot import Lake

    targets = [bool(session), visitor is not None, user is not None, waiting, cancel is not None]
    if sum(targets) != 1 or ((visitor or user or cancel) and website is None):
        raise typer.BadParameter(
            "give --session ID, or --visitor ID, --user ID or --cancel ID with --website ID, "
            "or --waiting"
        )
    store, settings = open_lake()
    if cancel is not None:
        assert website is not None
        replacement = erasure.cancel(store, website, cancel, by="cli", now_ms=now_ms())
        print_note(f"replaced by {replacement}" if replacement else "its sessions stay hidden")
        print(cancel)
        return
    failures = Failures()
    with progress() as step:
        if waiting:
            receipts = erasure.execute_pending_requests(
                store, settings, now_ms=now_ms, report=step, failures=failures
            )
        else:
            if website is None:
                assert session
                website = _only_owner(store, session[0])
            wanted = erasure.ErasureTargets(tuple(session or ()), visitor, user)
            lake = Lake(store, settings, now_ms)
            receipt = erasure.request_erasure(lake, website, wanted, by="cli")
            receipts = erasure.execute_requests(
                store, settings, [receipt], now_ms=now_ms, report=step
            )
    if as_json:
        print_json(receipts)
    for receipt in receipts:
        if not as_json:
            _print_receipt(receipt)
        if receipt.failed:
            print_error(f"erasure {receipt.erasure_id} of {receipt.website_id}: {receipt.failed}")
        elif receipt.done_at is None:
            print_error(f"some data is left: {receipt.waits_for}; run `replaylake erase --waiting`")
    for what, why in failures.reasons.items():
        print_error(f"{what}: {why}")
    if failures.reasons or not all(receipt.done_at for receipt in receipts):
        raise typer.Exit(1)


def _only_owner(store: Store, session_id: str) -> str:
    """Return the one website that has a session of this id."""
    from lake.erasure import lookup
    from lake.errors import SessionMissing

    owners = lookup.websites_with_session(store, session_id)
    if not owners:
        raise SessionMissing(f"no website has a session {session_id[:64]!r}")
    if len(owners) > 1:
        raise typer.BadParameter(
            f"websites {', '.join(sorted(owners))} have this session: give --website ID"
        )
    return next(iter(owners))


def _print_receipt(receipt: "Receipt") -> None:
    rows = [
        ("erasure", receipt.erasure_id),
        ("website", receipt.website_id),
        ("requested_at", receipt.requested_at),
        ("done_at", receipt.done_at),
        ("sessions", receipt.session_count),
        ("rows", receipt.row_count),
        ("session files", receipt.file_count),
        ("chunks", receipt.chunk_count),
        ("former table files", receipt.table_file_count),
        ("unreadable objects", receipt.unreadable_count),
    ]
    print_table(("receipt", "value"), rows)
