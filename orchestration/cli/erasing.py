"""`replaylake erase`."""

from typing import Annotated

import typer

from orchestration.cli.opening import now_ms, open_lake
from orchestration.cli.options import AsJson
from orchestration.cli.printing import complain, print_json, print_table, progress


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
    as_json: AsJson = False,
) -> None:
    """Erase sessions, or all of a visitor or a user: hidden at once, then gone from every byte.

    Waits some seconds for what is on its way, and prints the receipt.
    """
    from lake import erasing
    from lake.erasing import targets
    from lake.errors import SessionMissing
    from lake.view import Lake

    asked = [bool(session), visitor is not None, user is not None, waiting]
    if sum(asked) != 1 or ((visitor or user) and website is None):
        raise typer.BadParameter(
            "give --session ID, or --visitor ID or --user ID with --website ID, or --waiting"
        )
    store, settings = open_lake()
    with progress() as step:
        if not waiting:
            if website is None:
                assert session
                found = targets.websites_of(store, session[0])
                if not found:
                    raise SessionMissing(f"no website has a session {session[0][:64]!r}")
                if len(found) > 1:
                    raise typer.BadParameter(
                        f"websites {', '.join(sorted(found))} have this session: give --website ID"
                    )
                (website,) = found
            wanted = erasing.Targets(tuple(session or ()), visitor, user)
            mine = erasing.request(Lake(store, settings, now_ms), website, wanted, by="cli")
            done = erasing.carry_out(store, settings, [mine], now_ms=now_ms, report=step)
        else:
            done = erasing.carry_out_waiting(store, settings, now_ms=now_ms, report=step)
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
        if one.done_at is None:
            complain(f"not all is gone yet: {one.waits_for}; run `replaylake erase --waiting`")
    if not all(one.done_at for one in done):
        raise typer.Exit(1)
