"""`replaylake erase`."""

from typing import Annotated

import typer

from orchestration.cli.printing import complain


def erase(
    session: Annotated[str | None, typer.Option(metavar="ID", help="Erase this session.")] = None,
    visitor: Annotated[
        str | None, typer.Option(metavar="ID", help="Erase all sessions of this visitor.")
    ] = None,
    website: Annotated[
        str | None, typer.Option(metavar="ID", help="The visitor's website.")
    ] = None,
) -> None:
    """Erase a session, or all sessions of a visitor, with a receipt."""
    if (session is None) == (visitor is None) or (visitor is not None and website is None):
        raise typer.BadParameter("give --session ID, or --visitor ID and --website ID")
    complain("erase is not available yet")
    raise typer.Exit(1)
