"""Serve the ingest API until a signal stops it; open requests are answered first."""

import ctypes
import gc
import signal
import sys
from contextlib import suppress
from types import FrameType

import pyarrow as pa
import structlog
import uvicorn

from ingest_api.app import create_app
from lake.errors import StoreUnavailable
from lake.http import logging_setup
from lake.http.connections import Connections, connections_within_file_limit
from lake.http.listener import PENDING_MAX, Server, listen
from lake.http.uvicorn_protocol import make_protocol
from lake.ingest import client_address
from lake.settings import Settings
from lake.storage import presence
from lake.storage.base import open_store

_OWN_FILES = PENDING_MAX + 64  # segments, the store's connections, the loop's own
_SHUTDOWN_S = 5  # beyond a body's deadline, for the last commit
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
_log = structlog.get_logger(__name__)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve at `host` and `port` until SIGTERM or SIGINT; then exit with 0.

    Raises:
        SettingInvalid: A setting is not of its form.
        OSError: The address is taken, or not ours.
        SystemExit: Stopped, with 0.
    """
    logging_setup.configure()
    _tune_allocators()
    store = open_store(settings)
    with suppress(StoreUnavailable):  # chunks get 503 until it is available
        presence.ensure_lake(store)
    listener = listen(host, port)
    connections = Connections(
        total_max=connections_within_file_limit(settings.ingest_connections_max, _OWN_FILES),
        per_address_max=settings.address_connections_max,
        stalled_s=settings.answer_stalled_s,
        proxies=client_address.parse_networks(settings.trusted_proxies),
    )
    config = uvicorn.Config(
        create_app(settings, store),
        loop="uvloop",
        http=make_protocol(
            head_deadline_s=settings.chunk_deadline_s,
            body_deadline_s=None,  # set by `ingest_api.http.request_body`
            connections=connections,
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # it would contain addresses and query strings
        proxy_headers=False,  # see `lake.ingest.client_address`
        server_header=False,
        timeout_graceful_shutdown=int(settings.chunk_deadline_s) + _SHUTDOWN_S,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops gracefully, then raises the signal again for the previous handler.
        signal.signal(number, _exit)
    _log.info("listening", host=host, port=listener.getsockname()[1], lake=settings.lake)
    _tune_garbage_collector()
    Server(config, listener, connections).run()


def _exit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    sys.exit(0)


def _tune_allocators() -> None:
    """Return the memory of freed bodies and segments to the system.

    By default, glibc has an arena per thread and Arrow a pool of its own; under load they held as
    much memory as was in use. Much lower thresholds cost a fifth of the throughput.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
        mallopt(_M_TRIM_THRESHOLD, 8 * 1024 * 1024)


def _tune_garbage_collector() -> None:
    """Exclude start-up objects from collections, which become rare: chunks create no cycles."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
