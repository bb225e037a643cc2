"""A relay in front of ingest that stores all requests of the pages."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ingest_api.recorder_assets import DIST, scripts_by_path
from tests.recorder import site as sites
from tests.recorder.site import Answer, Request, Site
from tests.recorder.stack import Stack

# They speak of one connection or of one coding, not of what is said.
_OF_THE_CONNECTION = {"host", "connection", "keep-alive", "transfer-encoding", "accept-encoding"}
_ANEW = _OF_THE_CONNECTION | {"content-length", "content-encoding", "content-type"}


class Relay:
    """Stands before a stack's ingest, with the recorder that was built into the folder `dist`."""

    def __init__(self, site: Site, stack: Stack, http: httpx.Client, dist: Path) -> None:
        self._site = site
        self._http = http
        self.tag = (
            f'<script async src="{site.origin}/r.js" data-website="{stack.website_id}"></script>'
        )
        for path in ("/v1/chunks", f"/v1/config/{stack.website_id}"):
            site.pages[path] = self._pass_on
        for path, script in scripts_by_path(dist).items():
            site.pages[path] = _script(script)

    def wire(self) -> bytes:
        """All that pages have sent so far."""
        return b"\n".join(self.sent().values())

    def sent(self) -> dict[str, bytes]:
        """All that pages have sent so far, by its number: URLs and bodies, as they are read."""
        return {
            f"request {number}": request.url.encode() + b"\n" + _read(request.body)
            for number, request in enumerate(list(self._site.requests))
        }

    def _pass_on(self, request: Request) -> Answer:
        headers = {k: v for k, v in request.headers.items() if k not in _OF_THE_CONNECTION}
        answer = self._http.request(
            request.method, request.url, content=request.body, headers=headers
        )
        headers_back = {k: v for k, v in answer.headers.items() if k not in _ANEW}
        kind = answer.headers.get("content-type", "text/plain")
        return Answer(answer.content, answer.status_code, kind, headers_back)


@contextmanager
def relaying(stack: Stack, *, dist: Path = DIST) -> Iterator[Relay]:
    """Run a relay before the stack's ingest."""
    with httpx.Client(base_url=stack.ingest.url) as http, sites.served() as site:
        yield Relay(site, stack, http, dist)


def _script(body: bytes) -> Answer:
    return Answer(body, type="text/javascript", headers={"access-control-allow-origin": "*"})


def _read(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
