"""Serves the query API until a signal ends it: open requests are answered, then it stops."""

import resource
import signal
import sys
from types import FrameType

import uvicorn

from lake import logs
from lake.settings import Settings
from query_api.app import create_app

_CONNECTIONS_MAX = 1024
_SHUTDOWN_S = 25  # a replay that takes longer is cut: its client asks again


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve at `host` and `port` until SIGTERM or SIGINT; then exit with 0.

    Raises:
        SettingInvalid: A setting is not of its form.
        SystemExit: Stopped (0), or the address is taken (3).
    """
    logs.configure()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # it would hold addresses and query strings
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS_MAX,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops gracefully, then raises the signal again for whoever handled it before.
        signal.signal(number, _exit)
    uvicorn.Server(config).run()


def _exit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    sys.exit(0)
