"""The dashboard's files, as `vite build` made them from `query_api/dashboard/`.

Every path of the dashboard gets the same page, which routes by its URL; other paths are 404. The
names of its scripts and styles contain a hash of their contents, so browsers cache them for good.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response

from lake.errors import Missing
from query_api.http.content_negotiation import file_encoding_of

DIST = Path(__file__).parents[1] / "dashboard" / "dist"
PATHS = (
    "/",
    "/overview",
    "/sessions",
    "/sessions/{session_id}",
    "/errors",
    "/errors/{fingerprint}",
    "/frustration",
    "/heatmap",
    "/settings",
    "/settings/{section}",
    "/shared/{token}",
)
_NAME = re.compile(r"[\w-]{1,200}\.(js|css)", re.ASCII)  # no file system takes a longer one
_TYPES = {"js": "text/javascript", "css": "text/css"}
_SUFFIXES = {"br": ".br", "gzip": ".gz", "identity": ""}

router = APIRouter(include_in_schema=False)


class DashboardMissing(Missing):
    """The dashboard is not built."""

    kind = "dashboard-missing"


class FileMissing(Missing):
    """The dashboard has no such file; a page from an older build may request one."""

    kind = "not-found"


async def page() -> Response:
    """Return the dashboard's page."""
    path = DIST / "index.html"
    if not path.is_file():
        raise DashboardMissing("the dashboard is not built: run `make setup`")
    return Response(path.read_bytes(), media_type="text/html")


for _path in PATHS:
    router.add_api_route(_path, page, response_class=Response)


@router.get("/assets/{name}", response_class=Response)
async def asset(name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """Return a script or style of the dashboard."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise FileMissing("the dashboard has no such file")
    encoding = file_encoding_of(accept_encoding)
    path = DIST / "assets" / (name + _SUFFIXES[encoding])
    if not path.is_file():
        raise FileMissing("the dashboard has no such file")
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if encoding != "identity":
        headers["content-encoding"] = encoding
    return Response(_contents(path), headers=headers, media_type=_TYPES[match[1]])


@lru_cache(maxsize=128)  # the files of two builds
def _contents(path: Path) -> bytes:
    """Return a file's bytes from memory, so that requests for files use no threads."""
    return path.read_bytes()
