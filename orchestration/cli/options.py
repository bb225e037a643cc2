"""Options that several commands share, described once."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
WebsiteId = Annotated[
    str, typer.Option("--website", metavar="ID", help="The website (`replaylake website list`).")
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
