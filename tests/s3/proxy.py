"""A small HTTP proxy in front of the S3 endpoint: it counts requests and makes some of them fail.

It stands there in any case, because the endpoint never answers `Expect: 100-continue`, on which
s3fs waits for ever: the proxy says `100 Continue` itself, as S3 does, and drops the header. Host
goes through unchanged, because the signature of a request covers it.

A request and its answer are held whole in memory, so that a fault can choose what comes of them.
The standard library only; one event loop in a thread of its own.
"""

import asyncio
import hashlib
import hmac
import re
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

Kind = Literal[
    "reset",  # the connection is reset; the request is not carried out
    "slow-down",  # 503 SlowDown, not carried out
    "too-many-requests",  # 429, not carried out
    "forbidden",  # 403 AccessDenied, not carried out
    "conflict",  # 409 ConditionalRequestConflict, not carried out
    "lost-answer",  # carried out, and the connection is closed instead of an answer
    "error-after",  # carried out, and answered with 503 all the same
    "late-answer",  # carried out, and answered `delay_s` later
    "cut-body",  # carried out, answered with the head and half of the body
    "stale-answer",  # carried out once; that answer is given again to those that follow
    "ignore-condition",  # carried out as if it had neither If-Match nor If-None-Match
]

_REFUSALS = {
    "slow-down": (503, "SlowDown", "Please reduce your request rate."),
    "too-many-requests": (429, "TooManyRequests", "Reduce your rate of requests to one object."),
    "forbidden": (403, "AccessDenied", "Access Denied"),
    "conflict": (409, "ConditionalRequestConflict", "A conflicting operation occurred."),
    "error-after": (503, "ServiceUnavailable", "The service is unable to handle requests."),
}
_IDLE_S_MAX = 2.0  # the endpoint closes an idle connection after 5 s; never meet it doing so


@dataclass(kw_only=True)
class Fault:
    """A fault of the next `times` requests whose method and target match.

    `match` is a part of the target as the endpoint sees it, unquoted: `/…/lake/PREFIX/raw/…?…`.
    `?list-type=2` is a LIST, `?delete` DeleteObjects, `?uploads`, `partNumber=` and `uploadId=`
    belong to multipart uploads. `skip` requests that fit pass unharmed first. `hits` counts, and
    `most_open` says how many late answers were open at once.
    """

    kind: Kind
    method: str = ""
    match: str = ""
    times: float = 1
    skip: int = 0
    delay_s: float = 0.0
    hits: int = field(default=0, init=False)
    open_count: int = field(default=0, init=False)
    most_open: int = field(default=0, init=False)
    answer: "_Answer | None" = field(default=None, init=False, repr=False)


class Faults:
    """The faults of one proxy, the first that fits counts. Safe from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._guard = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Apply a fault from now on; return it, so that its `hits` can be read."""
        with self._guard:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        with self._guard:
            self._faults.clear()

    def take(self, method: str, target: str) -> Fault | None:
        """Return the fault that this request meets."""
        with self._guard:
            for fault in self._faults:
                if fault.method not in ("", method) or fault.match not in target:
                    continue
                if fault.skip:
                    fault.skip -= 1
                elif fault.hits < fault.times:
                    fault.hits += 1
                    return fault
        return None


class _Request(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]  # by lower-case name
    body: bytes


class _Answer(NamedTuple):
    line: str
    headers: dict[str, str]
    body: bytes


class _ConnectionLostError(Exception):
    """The client gets no answer."""


def operation_of(method: str, target: str) -> str:
    """Name what is billed: PUT, GET, HEAD, LIST, DELETE or UPLOAD (of a multipart upload)."""
    names = dict(parse_qsl(target.partition("?")[2], keep_blank_values=True)).keys()
    if method == "DELETE" or "delete" in names:
        return "DELETE"
    if names & {"uploads", "uploadId"}:
        return "UPLOAD"
    if method == "GET" and names & {"list-type", "prefix"}:
        return "LIST"
    return method


class FaultProxy:
    """Forwards HTTP/1.1 from `port` to `upstream_port`, both on 127.0.0.1, until `stop`.

    `port` 0 takes a free one. `secret` signs what `ignore-condition` changes.
    """

    def __init__(self, upstream_port: int, secret: str, *, port: int = 0) -> None:
        self.upstream_port = upstream_port
        self.faults = Faults()
        self.operations: Counter[str] = Counter()
        self._secret = secret
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []
        self._clients: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="s3-proxy", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", port, backlog=512), self._loop
        ).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        clients = list(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        for _, writer, _ in self._idle:
            writer.close()
        await asyncio.sleep(0)  # transports close their sockets in the next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, _ConnectionLostError):
                while True:
                    await self._serve_request(reader, writer)
        except asyncio.CancelledError:
            pass  # by `stop`; a task that asyncio's server made may not end as cancelled
        finally:
            self._clients.discard(task)
            writer.close()

    async def _serve_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line, headers = await _read_head(reader)
        method, target, _ = line.split(" ", 2)
        if headers.pop("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = _Request(method, target, headers, await _read_body(reader, headers))
        self.operations[operation_of(method, target)] += 1
        fault = self.faults.take(method, unquote(target))
        if fault is None:
            answer = await self._forward(request)
        elif fault.kind == "cut-body":
            answer = await self._forward(request)
            writer.write(_head(answer) + answer.body[: len(answer.body) // 2])
            await writer.drain()
            raise _ConnectionLostError
        elif fault.kind == "reset":
            # Closed with a linger of zero seconds, a TCP connection is reset.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise _ConnectionLostError
        else:
            answer = await self._answer_under(fault, request)
        # A response to HEAD states the length of a body that is not sent.
        writer.write(_head(answer) + (b"" if method == "HEAD" else answer.body))
        await writer.drain()

    async def _answer_under(self, fault: Fault, request: _Request) -> _Answer:
        if fault.kind in _REFUSALS:
            if fault.kind == "error-after":
                await self._forward(request)
            return _refusal(fault.kind, request)
        if fault.kind == "stale-answer":
            if fault.answer is None:
                fault.answer = await self._forward(request)
            return fault.answer
        if fault.kind == "ignore-condition":
            return await self._forward(_unconditional(request, self._secret))
        answer = await self._forward(request)
        if fault.kind == "lost-answer":
            raise _ConnectionLostError
        fault.open_count += 1
        fault.most_open = max(fault.most_open, fault.open_count)
        await asyncio.sleep(fault.delay_s)
        fault.open_count -= 1
        return answer

    async def _forward(self, request: _Request) -> _Answer:
        reader, writer = await self._connect()
        try:
            headers = request.headers | {"content-length": str(len(request.body))}
            lines = [f"{request.method} {request.target} HTTP/1.1"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
            await writer.drain()
            line, answer_headers = await _read_head(reader)
            status = int(line.split(" ", 2)[1])
            if request.method == "HEAD" or status in (204, 304):
                return self._pooled(reader, writer, _Answer(line, answer_headers, b""))
            body = await _read_body(reader, answer_headers)
            answer_headers["content-length"] = str(len(body))
            return self._pooled(reader, writer, _Answer(line, answer_headers, body))
        except BaseException:
            writer.close()
            raise

    def _pooled(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: _Answer
    ) -> _Answer:
        self._idle.append((reader, writer, time.monotonic()))
        return answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer, since = self._idle.pop()
            if time.monotonic() - since < _IDLE_S_MAX and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.upstream_port)


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest if line)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    """Read a body, chunked or of known length; its headers say the length afterwards."""
    if "chunked" not in headers.pop("transfer-encoding", "").lower():
        return await reader.readexactly(int(headers.get("content-length", "0")))
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunks.append((await reader.readexactly(size + 2))[:-2])
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers
    return b"".join(chunks)


def _head(answer: _Answer) -> bytes:
    lines = [answer.line, *(f"{name}: {value}" for name, value in answer.headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _refusal(kind: str, request: _Request) -> _Answer:
    status, code, message = _REFUSALS[kind]
    body = (
        b""
        if request.method == "HEAD"
        else f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    )
    return _Answer(
        f"HTTP/1.1 {status} {code}",
        {"content-type": "application/xml", "content-length": str(len(body))},
        body,
    )


def _unconditional(request: _Request, secret: str) -> _Request:
    """Take the conditions from a request, and sign it again: the signature covers them.

    Source: "Signature Version 4 for API requests" in the Amazon S3 API reference.
    """
    dropped = ("if-match", "if-none-match")
    headers = {name: value for name, value in request.headers.items() if name not in dropped}
    said = dict(re.findall(r"(\w+)=([^,\s]+)", headers["authorization"]))
    scope = said["Credential"].split("/", 1)[1]
    signed = [name for name in said["SignedHeaders"].split(";") if name not in dropped]
    path, _, query = request.target.partition("?")
    pairs = sorted(
        (quote(k, "-_.~"), quote(v, "-_.~")) for k, v in parse_qsl(query, keep_blank_values=True)
    )
    canonical = "\n".join(
        [
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{re.sub(' +', ' ', headers[name])}" for name in signed),
            "",
            ";".join(signed),
            headers["x-amz-content-sha256"],
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest])
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={said['Credential']}, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    return request._replace(headers=headers)
