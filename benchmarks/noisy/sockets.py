"""Attacks on connections: unread responses and endless request heads."""

import asyncio
import itertools
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

from benchmarks.noisy.measuring import USUAL, AttackSpec, Bench, Row, Shop, Visit, shop
from benchmarks.noisy.sending import ADDRESS, Attack, Outcomes
from tests.hostile import honest_visitor
from tests.support.processes import INGEST, QUERY, Server

_SILENT = {"ingest": 900, "query": 1_160}  # more than are let in
_PIPELINED = 64
_SMALL_BYTES = 4096  # what the system may receive for a connection that is not read
_POKED_EVERY_S = 2.0
_HEADS = 8
_PIECE = b"a" * 65_536
_LINES = b"x-a: a\r\n" * 8192
_HEAD_BYTES_MAX = 300_000_000  # of all heads of a turn: more would slow the whole machine
_CLOSED_S = 0.1  # after a connection was closed on us


def unread_answers(bench: Bench) -> Iterator[Row]:
    """Connections that pipeline requests for a script and never read an answer."""
    for api in ("ingest", "query"):

        def attack_of(server: Server, api: str = api) -> Attack:
            return partial(_silence, server.port, _script(server, api), _SILENT[api])

        yield _row(bench, "7", f"{_SILENT[api]} connections, unread", api, attack_of)


def endless_heads(bench: Bench) -> Iterator[Row]:
    """Heads that never end: one endless line, and endless lines."""
    for api in ("ingest", "query"):
        yield _row(bench, "11", f"{_HEADS} endless heads", api, lambda s: partial(_heads, s.port))


def _row(
    bench: Bench, number: str, name: str, api: str, attack_of: Callable[[Server], Attack]
) -> Row:
    settings = bench.lake(f"sockets-{number}-{api}")
    honest = shop(settings)
    with bench.server(settings, INGEST if api == "ingest" else QUERY) as server:
        ready = _ready(bench, server, honest, api)
        honest_does = "uploads" if api == "ingest" else "lists"
        spec = AttackSpec(number, f"{name}, {api}", honest_does, USUAL, attack_of(server))
        return bench.compare(spec, ready, server)


def _ready(bench: Bench, server: Server, honest: Shop, api: str) -> Callable[[], Visit]:
    how: dict[str, Any] = {"seconds": bench.seconds, "per_s": 20, "reconnecting": True}
    if api == "ingest":
        return partial(honest_visitor.uploader, server.port, honest.website_id, **how)
    path = f"/api/websites/{honest.website_id}/sessions"
    return partial(honest_visitor.reader, server.port, path, honest.key, **how)


def _script(server: Server, api: str) -> str:
    if api == "ingest":
        return "/r.js"
    match = re.search(r"/assets/[\w.-]+\.js", httpx.get(f"{server.url}/").text)
    assert match is not None, "the dashboard is not built"
    return match[0]


async def _silence(port: int, path: str, count: int, outcomes: Outcomes) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
    await asyncio.gather(*(_silent(port, request, outcomes) for _ in range(count)))


async def _silent(port: int, request: bytes, outcomes: Outcomes) -> None:
    while True:
        try:
            sock = await _connected(port)
        except OSError:
            outcomes["refused"] += 1
            await asyncio.sleep(_POKED_EVERY_S)
            continue
        with sock:
            outcomes["opened"] += 1
            with suppress(OSError):
                sock.send(request * _PIPELINED)
                while True:
                    await asyncio.sleep(_POKED_EVERY_S)
                    with suppress(BlockingIOError):  # full: the server waits for us to read
                        sock.send(request)
            outcomes["closed"] += 1


async def _heads(port: int, outcomes: Outcomes) -> None:
    left = itertools.repeat(None, _HEAD_BYTES_MAX // len(_PIECE))  # shared by all of them
    await asyncio.gather(
        *(_head(port, _LINES if i % 2 else _PIECE, left, outcomes) for i in range(_HEADS))
    )


async def _head(port: int, piece: bytes, left: Iterator[None], outcomes: Outcomes) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            sock = await _connected(port)
        except OSError:
            outcomes["refused"] += 1
            await asyncio.sleep(_POKED_EVERY_S)
            continue
        with sock:
            outcomes["opened"] += 1
            try:
                await loop.sock_sendall(sock, b"GET / HTTP/1.1\r\nHost: a.example\r\nx: ")
                for _ in left:
                    await loop.sock_sendall(sock, piece)
                    outcomes["pieces of 64 kB"] += 1
                return
            except OSError:
                outcomes[_status(sock)] += 1
        await asyncio.sleep(_CLOSED_S)


def _status(sock: socket.socket) -> str:
    """Return the answer's status, if it can still be read."""
    with suppress(OSError):
        head = sock.recv(64)
        if head.startswith(b"HTTP/1.1 "):
            return head[9:12].decode()
    return "closed"


async def _connected(port: int) -> socket.socket:
    sock = socket.socket()
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BYTES)
        sock.bind(ADDRESS)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    except BaseException:
        sock.close()
        raise
    return sock
