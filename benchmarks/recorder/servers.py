"""Two local origins: the shop's, which serves its pages, and the recorders', which counts.

The recorders' origin hands our recorder's requests to a real ingest API and answers the others'
as their own servers do where a recording is wanted and nothing else is.
"""

import json
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from benchmarks.recorder.contenders import ALL, POSTHOG_TOKEN, POSTHOG_VERSION, Contender, gzipped
from benchmarks.recorder.pages import hero, page, stylesheet

_HTML = "text/html; charset=utf-8"
_SCRIPT = "text/javascript; charset=utf-8"
_HOP_BY_HOP = ("connection", "transfer-encoding", "content-length", "date", "server", "keep-alive")
_POSTHOG_CONFIG = {
    "token": POSTHOG_TOKEN,
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "surveys": False,
    "heatmaps": False,
    "siteApps": [],
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "analytics": {"endpoint": "/i/v0/e/"},
    "sessionRecording": {"endpoint": "/s/", "consoleLogRecordingEnabled": True},
}


@dataclass(frozen=True)
class Request:
    """One request that a recorder made, with its body's bytes as they were on the wire."""

    method: str
    path: str
    sent_bytes: int
    carries_recording: bool


class Counter:
    """Requests of a contender to its origin since `take`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._last_s = time.monotonic()

    def add(self, request: Request) -> None:
        """Count one."""
        with self._lock:
            self._requests.append(request)
            self._last_s = time.monotonic()

    def take(self) -> list[Request]:
        """Return what was counted, and begin anew."""
        with self._lock:
            taken, self._requests = self._requests, []
            return taken

    def wait_until_quiet(self, for_s: float) -> None:
        """Return once nothing was asked for so long."""
        begun_s = time.monotonic()
        while time.monotonic() - max(self._last_s, begun_s) < for_s:
            time.sleep(0.05)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        # A page that is left hangs up; what else fails is a mistake of this module.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def answer(
        self, status: int, kind: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        all_headers = {"content-type": kind, "access-control-allow-origin": "*"} | dict(
            headers or {}
        )
        for name, value in all_headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))


def _shop(tags: Mapping[str, str]) -> type[_Handler]:
    picture, styles = hero(), stylesheet().encode()
    made: dict[str, bytes] = {}

    class Shop(_Handler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/hero.png":
                self.answer(200, "image/png", picture)
            elif url.path == "/site.css":
                self.answer(200, "text/css", styles)
            elif url.path == "/shop":
                if self.path not in made:
                    params = {name: values[0] for name, values in parse_qs(url.query).items()}
                    text = page(
                        int(params["nodes"]), tags[params["with"]], is_live="live" in params
                    ).encode()
                    made[self.path] = gzipped(text)
                self.answer(200, _HTML, made[self.path], {"content-encoding": "gzip"})
            else:
                self.answer(200, _HTML, b"<!doctype html><title>Empty</title>")

    return Shop


class _Sink(_Handler):
    scripts: ClassVar[dict[str, bytes]]
    ingest_port: ClassVar[int]
    counter: ClassVar[Counter]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.replace(f"/static/{POSTHOG_VERSION}/", "/static/")
        self._count(path, b"")
        if path in self.scripts:
            self.answer(200, _SCRIPT, self.scripts[path], {"content-encoding": "gzip"})
        elif path == f"/array/{POSTHOG_TOKEN}/config.js":
            config = {POSTHOG_TOKEN: {"config": _POSTHOG_CONFIG, "siteApps": []}}
            self.answer(200, _SCRIPT, b"_POSTHOG_REMOTE_CONFIG=" + json.dumps(config).encode())
        elif path == f"/array/{POSTHOG_TOKEN}/config":
            self.answer(200, "application/json", json.dumps(_POSTHOG_CONFIG).encode())
        else:
            self._forward_to_ingest(b"")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self.body()
        self._count(path, body)
        if path.startswith("/v1/"):
            self._forward_to_ingest(body)
        elif path.startswith("/flags"):
            flags = {"flags": {}, "errorsWhileComputingFlags": False} | _POSTHOG_CONFIG
            self.answer(200, "application/json", json.dumps(flags).encode())
        else:
            self.answer(200, "application/json", b'{"status":1}')

    def do_OPTIONS(self) -> None:
        requested = self.headers.get("access-control-request-headers", "")
        self.answer(200, "text/plain", b"", {"access-control-allow-headers": requested})

    def _count(self, path: str, body: bytes) -> None:
        carries = any(
            path == contender.records and contender.mark in _plain(body) for contender in ALL
        )
        self.counter.add(Request(self.command, path, len(body), bool(body) and carries))

    def _forward_to_ingest(self, body: bytes) -> None:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP
        }
        ingest = HTTPConnection("127.0.0.1", self.ingest_port, timeout=30)
        ingest.request(self.command, self.path, body or None, headers)
        answer = ingest.getresponse()
        response_headers = {
            name.lower(): value
            for name, value in answer.getheaders()
            if name.lower() not in _HOP_BY_HOP
        }
        self.answer(
            answer.status,
            response_headers.pop("content-type", "text/plain"),
            answer.read(),
            response_headers,
        )
        ingest.close()


def _plain(body: bytes) -> bytes:
    return zlib.decompress(body, 31) if body[:2] == b"\x1f\x8b" else body


@contextmanager
def shop(contenders: tuple[Contender, ...], port: int, host: str, website: str) -> Iterator[str]:
    """Serve the pages, each with its contender's tag, at the origin that is returned."""
    tags = {
        contender.name: contender.tag.format(host=host, website=website) for contender in contenders
    }
    with _serving(_shop(tags), port) as origin:
        yield origin


@contextmanager
def sink(scripts: Mapping[str, bytes], ingest_port: int) -> Iterator[tuple[str, Counter]]:
    """Serve and count the recorders' own requests, at the origin that is returned."""
    counter = Counter()
    packed = {path: gzipped(script) for path, script in scripts.items()}
    facts = {"scripts": packed, "ingest_port": ingest_port, "counter": counter}
    with _serving(type("Sink", (_Sink,), facts), 0) as origin:
        yield origin, counter


@contextmanager
def _serving(handler: type[_Handler], port: int) -> Iterator[str]:
    server = _Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
