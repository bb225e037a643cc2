"""Server of the query API: on a signal, open requests are answered before it stops."""

import signal
import sys
from types import FrameType

import structlog
import uvicorn

from lake.http import logging_setup
from lake.http.connections import Connections, connections_within_file_limit
from lake.http.listener import PENDING_MAX, Server, listen
from lake.http.uvicorn_protocol import make_protocol
from lake.ingest import client_address
from lake.settings import Settings
from query_api.app import create_app

_log = structlog.get_logger(__name__)
_CONNECTIONS_MAX = 1024  # beyond, a blocked or idle one is closed
_RESERVED_FILES = PENDING_MAX + 128  # for tables, the store's connections and the event loop
_SHUTDOWN_S = 25  # a replay that takes longer is cut, and its client retries


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve at `host` and `port` until SIGTERM or SIGINT; then exit with 0.

    Raises:
        SettingInvalid: A setting is malformed.
        OSError: The address is in use or not available.
        SystemExit: Stopped, with 0.
    """
    logging_setup.configure()
    app = create_app(settings)
    listener = listen(host, port)
    connections = Connections(
        total_max=connections_within_file_limit(_CONNECTIONS_MAX, _RESERVED_FILES),
        per_address_max=settings.address_connections_max,
        stalled_s=settings.answer_stalled_s,
        proxies=client_address.parse_networks(settings.trusted_proxies),
    )
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=make_protocol(
            head_deadline_s=settings.chunk_deadline_s,
            body_deadline_s=settings.chunk_deadline_s,
            connections=connections,
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # it would hold addresses and query strings
        proxy_headers=False,  # `rate_limits` decides which proxies are trusted
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops gracefully, then raises the signal for the previous handler.
        signal.signal(number, _exit)
    if not settings.dashboard_url:
        _log.warning(
            "REPLAY_DASHBOARD_URL is not set: behind a proxy, share links are paths without a host"
        )
    Server(config, listener, connections).run()


def _exit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    sys.exit(0)
