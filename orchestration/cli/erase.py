"""`replaylake erase`."""

from typing import Annotated

import typer

from lake.storage.failures import Failures
from orchestration.cli.context import now_ms, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.output import print_error, print_json, print_note, print_table, progress


def erase(
    session: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Erase this session. Repeat.")
    ] = None,
    visitor: Annotated[
        str | None, typer.Option(metavar="ID", help="Erase all sessions of this visitor.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Erase all sessions of this identified user.")
    ] = None,
    website: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose; not needed for a session.")
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Carry out what was asked for by the API.")
    ] = False,
    cancel: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Remove a request that can never be carried out (--website too)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase sessions, or all of a visitor or a user: hidden at once, then gone from every byte.

    Waits some seconds for what is on its way, and prints the receipt.
    """
    from lake import erasure
    from lake.erasure import lookup
    from lake.errors import SessionMissing
    from lake.reading.lake_snapshot import Lake

    asked = [bool(session), visitor is not None, user is not None, waiting, cancel is not None]
    if sum(asked) != 1 or ((visitor or user or cancel) and website is None):
        raise typer.BadParameter(
            "give --session ID, or --visitor ID, --user ID or --cancel ID with --website ID, "
            "or --waiting"
        )
    store, settings = open_lake()
    if cancel is not None:
        assert website is not None
        anew = erasure.cancel(store, website, cancel, by="cli", now_ms=now_ms())
        print_note(f"asked for anew: {anew}" if anew else "what it hid stays hidden")
        print(cancel)
        return
    failures = Failures()
    with progress() as step:
        if not waiting:
            if website is None:
                assert session
                found = lookup.websites_with_session(store, session[0])
                if not found:
                    raise SessionMissing(f"no website has a session {session[0][:64]!r}")
                if len(found) > 1:
                    raise typer.BadParameter(
                        f"websites {', '.join(sorted(found))} have this session: give --website ID"
                    )
                (website,) = found
            wanted = erasure.ErasureTargets(tuple(session or ()), visitor, user)
            mine = erasure.request_erasure(Lake(store, settings, now_ms), website, wanted, by="cli")
            done = erasure.execute_requests(store, settings, [mine], now_ms=now_ms, report=step)
        else:
            done = erasure.execute_pending_requests(
                store, settings, now_ms=now_ms, report=step, failures=failures
            )
    if as_json:
        print_json(done)
    for one in done:
        if not as_json:
            rows = [
                ("erasure", one.erasure_id),
                ("website", one.website_id),
                ("requested_at", one.requested_at),
                ("done_at", one.done_at),
                ("sessions", one.session_count),
                ("rows", one.row_count),
                ("session files", one.file_count),
                ("chunks", one.chunk_count),
                ("former table files", one.table_file_count),
                ("unreadable objects", one.unreadable_count),
            ]
            print_table(("receipt", "value"), rows)
        if one.failed:
            print_error(f"erasure {one.erasure_id} of {one.website_id}: {one.failed}")
        elif one.done_at is None:
            print_error(f"not all is gone yet: {one.waits_for}; run `replaylake erase --waiting`")
    for what, why in failures.found.items():
        print_error(f"{what}: {why}")
    if failures.found or not all(one.done_at for one in done):
        raise typer.Exit(1)
