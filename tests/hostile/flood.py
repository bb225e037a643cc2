"""An attacker in a process of its own: the same requests again and again.

with flooding(server.port, requests, has_begun=lambda: count() > 10):
    ...
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from multiprocessing import get_context
from urllib.parse import urlencode

from benchmarks.ingest import load
from benchmarks.ingest.load import Request
from tests.conftest import eventually

_LONG_S = 3600.0


def get(path: str) -> Request:
    """GET, from a page of the shop."""
    return f"GET {path} HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n".encode(), b""


def post(params: Mapping[str, object], body: bytes) -> Request:
    """POST a gzipped chunk, from a page of the shop."""
    head = (
        f"POST /v1/chunks?{urlencode(params)} HTTP/1.1\r\nHost: a\r\n"
        "Origin: https://shop.example\r\nContent-Encoding: gzip\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


@contextmanager
def flooding(
    port: int,
    requests: Sequence[Request],
    *,
    connections: int = 16,
    per_s: float = 0,
    has_begun: Callable[[], bool] = lambda: True,
) -> Iterator[None]:
    """Send from when `has_begun` until the end of the block; `per_s` 0: as fast as answers come."""
    process = get_context("spawn").Process(
        target=_flood, args=(port, requests, connections, per_s), daemon=True
    )
    process.start()
    try:
        eventually(has_begun)
        yield
    finally:
        process.kill()
        process.join()


def _flood(port: int, requests: Sequence[Request], connections: int, per_s: float) -> None:
    send = load.flood if not per_s else partial(load.paced, rate=per_s)
    send(port, cycle(requests), connections=connections, seconds=_LONG_S)
