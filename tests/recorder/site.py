"""A small web server for pages that are recorded.

    site.pages["/"] = "<h1>Shop</h1><!--recorder-->"
    site.pages["/pay"] = Answer("no", status=500)
    page.goto(f"{site.origin}/")

`<!--recorder-->` becomes the recorder's script tag. Requests are in `site.requests`.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

MARK = "<!--recorder-->"


class Request(NamedTuple):
    """A request of the browser; `url` is path and query, names of headers are in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """The response to a request."""

    body: str | bytes
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = {}


Content = str | Answer | Callable[[Request], Answer]


class Site:
    """Pages by path, any method. `tag` is the recorder's script tag, set once it is known."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.other_origin = f"http://localhost:{port}"  # the same pages, a stranger to a browser
        self.pages: dict[str, Content] = {"/favicon.ico": Answer("", status=204)}
        self.requests: list[Request] = []
        self.tag = ""

    def answer(self, request: Request) -> Answer:
        """Return the page, or 404."""
        content = self.pages.get(urlsplit(request.url).path, Answer("", status=404))
        answer = content(request) if callable(content) else content
        answer = answer if isinstance(answer, Answer) else Answer(answer)
        if isinstance(answer.body, str):
            answer = answer._replace(body=answer.body.replace(MARK, self.tag).encode())
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a browser keeps its connections open
    site: Site


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(self.command, self.path, headers, body)
        if self.path != "/favicon.ico":  # a browser's own wish
            self.server.site.requests.append(request)
        answer = self.server.site.answer(request)
        assert isinstance(answer.body, bytes)
        self.send_response(answer.status)
        sent = {"content-type": answer.type, "content-length": str(len(answer.body))}
        for name, value in {**sent, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


@contextmanager
def served() -> Iterator[Site]:
    """Serve an empty site on a free port."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.site = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.site
        finally:
            server.shutdown()
            thread.join()
