"""Both APIs as server processes, and raw connections that do what no client library does."""

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from ingest_api import recorder_assets
from lake.settings import Settings
from lake.storage.base import open_store
from query_api.routes import dashboard_files
from tests.hostile.honest_visitor import Timings, read, upload
from tests.ingest_api.recording import recording_website
from tests.query_api.recorded import Clock, Lakeful
from tests.support.processes import INGEST, QUERY, Server, serving

APIS = ("ingest", "query")
_RECEIVE_BYTES = 4096  # of a client that wants the server to hold what it does not read


@dataclass
class Target:
    """One server, its largest public file, and an honest client of it."""

    server: Server
    path: str
    measure: Callable[..., Timings]

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def memory_bytes(self) -> int:
        """Memory of the process now, bytes."""
        return psutil.Process(self.server.process.pid).memory_info().rss


@contextmanager
def target(api: str, settings: Settings, folder: Path) -> Iterator[Target]:
    """Serve one API on a lake with one website."""
    store = open_store(settings)
    if api == "ingest":
        website = recording_website(store)
        with serving(settings, folder / "log", command=INGEST) as server:
            assert (recorder_assets.DIST / recorder_assets.RECORDER).is_file()
            yield Target(server, "/r/x.js", partial(upload, server.port, website.website_id))
        return
    lakeful = Lakeful(store, settings, Clock(time.time_ns() // 1_000_000))
    scripts = (dashboard_files.DIST / "assets").glob("*.js")
    largest = max(scripts, key=lambda path: path.stat().st_size)
    listed = f"/api/websites/{lakeful.website.website_id}/sessions"
    with serving(settings, folder / "log", command=QUERY) as server:
        yield Target(
            server,
            f"/assets/{largest.name}",
            partial(read, server.port, listed, lakeful.key()),
        )


def connect(port: int, *, source: str = "127.0.0.1", receive_bytes: int = 0) -> socket.socket:
    """Connect from one of this machine's addresses (all of 127.0.0.0/8 are)."""
    connection = socket.socket()
    connection.settimeout(60)
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def get(path: str, *, headers: Sequence[str] = ()) -> bytes:
    """A request, as bytes."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def until_closed(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes; a reset counts as closed."""
    received = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


def is_open(connection: socket.socket) -> bool:
    """Whether the server has not closed a connection; reads what there is."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


@contextmanager
def hoarding(
    port: int, sent: bytes, *, count: int, sources: Sequence[str] = ("127.0.0.1",)
) -> Iterator[list[socket.socket]]:
    """Hold `count` connections that send and never read; closed ones are opened again."""
    _allow_files()
    held: list[socket.socket] = []
    is_full, is_over = threading.Event(), threading.Event()

    def hoard() -> None:
        number = 0
        while not is_over.is_set():
            with suppress(OSError):
                opened = connect(
                    port, source=sources[number % len(sources)], receive_bytes=_RECEIVE_BYTES
                )
                held.append(opened)
                opened.setblocking(False)
                opened.send(sent)
            number += 1
            if number >= count:
                is_full.set()
                is_over.wait(0.1)  # goes on, without being all that the machine does
                if len(held) > count:
                    held.pop(0).close()

    thread = threading.Thread(target=hoard)
    thread.start()
    try:
        is_full.wait()
        with connect(port) as last:  # what was opened is dealt with
            last.sendall(get("/healthz"))
            last.recv(65536)
        yield held
    finally:
        is_over.set()
        thread.join()
        for connection in held:
            connection.close()


def hoard_of(
    port: int, sent: bytes, *, count: int, sources: Sequence[str] = ("127.0.0.1",)
) -> Callable[[], AbstractContextManager[object]]:
    """The same as an attack for `honest_visitor.compare`."""
    return lambda: hoarding(port, sent, count=count, sources=sources)


def _allow_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
