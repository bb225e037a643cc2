"""HTTP proxy of the robots, which adds each visitor's address as a header.

A browser cannot add the header itself without a CORS permission of the ingest API.
"""

import http.client
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from orchestration.demo.ports import HOST

_TIMEOUT_S = 60.0
# Headers of one connection, not of the message (RFC 9110, section 7.6.1).
_OF_THE_CONNECTION = {"connection", "proxy-connection", "keep-alive", "transfer-encoding"}


class Proxy(ThreadingHTTPServer):
    """A proxy for plain HTTP. `address` is sent as the client's until it is set anew."""

    daemon_threads = True  # a browser keeps its connections open
    address = HOST

    @property
    def url(self) -> str:
        """The value of a browser's proxy setting."""
        return f"http://{HOST}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        place = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        link = http.client.HTTPConnection(place.netloc, timeout=_TIMEOUT_S)
        try:
            target = place._replace(scheme="", netloc="").geturl()
            headers = _of_message(self.headers.items()) | {"X-Forwarded-For": self.server.address}
            link.request(self.command, target, body or None, headers)
            answer = link.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.send_error(502, f"no answer: {error}")
            return
        finally:
            link.close()
        self.send_response_only(answer.status, answer.reason)
        for name, value in _of_message(answer.getheaders()).items():
            self.send_header(name, value)
        if answer.status not in (204, 304) and self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_OPTIONS = _pass_on  # noqa: N815 - the base class names them

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Log nothing: the log is for the robots' journeys."""


@contextmanager
def running_proxy() -> Iterator[Proxy]:
    """Run a proxy on a free port."""
    with Proxy((HOST, 0), _Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, name="proxy", daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.shutdown()


def _of_message(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers to forward; the length is set anew."""
    return {
        name: value
        for name, value in headers
        if name.lower() not in {*_OF_THE_CONNECTION, "content-length"}
    }
