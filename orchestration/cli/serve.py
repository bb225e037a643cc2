"""`replaylake ingest`, `query` and `demo`: programs that run until they are stopped.

More of either service may run at once; all state is in the lake.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from lake.settings import Settings, from_environ
from orchestration.cli.context import Host
from orchestration.cli.extras import require
from orchestration.cli.output import print_error


def ingest(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8100,
) -> None:
    """Serve the ingest API, which recorders send their chunks to."""
    require("ingest")
    from ingest_api.serve import serve

    _serve(serve, host, port)


def query(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8200,
) -> None:
    """Serve the query API and the dashboard."""
    require("query")
    from query_api.serve import serve

    _serve(serve, host, port)


def demo() -> None:
    """Run everything on this machine, with a website, visitors and sample sessions."""
    require("demo")
    from orchestration.demo import run

    run()


def _serve(serve: Callable[[Settings, str, int], None], host: str, port: int) -> None:
    try:
        serve(from_environ(), host, port)
    except SystemExit as end:  # uvicorn has its own exit codes
        if end.code:
            print_error(f"serving {host}:{port} failed; is another program listening there?")
            raise typer.Exit(1) from end
        raise
