"""`GET /r.js` and `/r/VERSION.js`: the recorder as `ingest_api/recorder/build.mjs` made it.

A page's script tag asks for the first, a small loader, which asks for the second by its version: so
that the one is soon new, and the other is loaded once. Scripts and their compressed forms are read
once for each build, not for each request. Which of them is sent is decided here; what they do is
decided in `ingest_api/recorder/`.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from fastapi import Request, Response

from ingest_api.responses import problem_response

DIST = Path(__file__).parent / "recorder" / "dist"
LOADER, RECORDER = "r.js", "recorder.js"
_SUFFIXES = {"br": ".br", "gzip": ".gz", "identity": ""}  # the smallest first
# A page that has an old recorder for five minutes is no trouble; for a day it may be shown at once
# while the browser asks for a new one.
_CACHED = "public, max-age=300, stale-while-revalidate=86400"
_FOR_EVER = "public, max-age=31536000, immutable"
_HEADERS = {
    "vary": "accept-encoding",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


class _EncodedScript(NamedTuple):
    body: bytes
    etag: str


_Stamp = tuple[tuple[int, int, int], ...]


class RecorderScript:
    """The endpoint of one script. Use from one running event loop.

    Args:
        script: Where it is, with its forms `.gz` and `.br` beside it, written in this order: a
            compressed form that is older than the script belongs to another build, and is not sent.
    """

    def __init__(self, script: Path) -> None:
        self._script = script
        self._stamp: _Stamp = ()
        self._forms: dict[str, _EncodedScript] = {}

    async def answer(self, request: Request, *, version: str = "") -> Response:
        """Answer a GET or a HEAD.

        Of a `version` that is not (or no longer) there comes the newest, which does as well for the
        moment, but is not to be kept under that name.
        """
        # To look costs some microseconds, a thread for it ten times as much.
        if not self._forms or _stamp(self._found()) != self._stamp:
            self._stamp, self._forms = await asyncio.to_thread(self._newest)
        if not self._forms:
            problem = problem_response(
                404, "recorder-missing", "no recorder is built: run `make setup`", {}
            )
            response = Response(problem.body, problem.status)
            response.raw_headers = list(problem.headers)
            return response
        encoding = preferred_encoding(_joined(request, "accept-encoding"), self._forms)
        form = self._forms[encoding]
        is_it = version and self._forms["identity"].etag.startswith(f'"{version}')
        headers = _HEADERS | {
            "etag": form.etag,
            "cache-control": _FOR_EVER if is_it else "no-cache" if version else _CACHED,
        }
        if _matches(_joined(request, "if-none-match"), form.etag):
            return Response(status_code=304, headers=headers)
        if encoding != "identity":
            headers["content-encoding"] = encoding
        # A HEAD is answered like a GET; the server leaves the body out.
        return Response(form.body, media_type="text/javascript", headers=headers)

    def _newest(self) -> tuple[_Stamp, dict[str, _EncodedScript]]:
        """Read the build that is there now."""
        found = self._found()
        script = found.get("identity")
        if script is None:
            return (), {}
        try:
            forms = {
                name: _form(self._path(name).read_bytes())
                for name, stat in found.items()
                if stat.st_mtime_ns >= script.st_mtime_ns
            }
        except FileNotFoundError:  # a build is just replacing it
            return self._stamp, self._forms
        return _stamp(found), forms

    def _found(self) -> dict[str, os.stat_result]:
        found = {}
        for name in _SUFFIXES:
            with suppress(FileNotFoundError):
                found[name] = self._path(name).stat()
        return found

    def _path(self, name: str) -> Path:
        return self._script.with_name(self._script.name + _SUFFIXES[name])


def _stamp(found: dict[str, os.stat_result]) -> _Stamp:
    return tuple((s.st_mtime_ns, s.st_size, s.st_ino) for s in found.values())


def preferred_encoding(accept_encoding: str, offered: Iterable[str]) -> str:
    """Return the coding that a client likes best, and of equals the first of `offered`.

    A client that does not say, or refuses everything, gets `identity`.

    Source: RFC 9110 section 12.5.3.
    """
    weights: dict[str, float] = {}
    for item in accept_encoding.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights[name] = _weight(parameters)
    others = weights.get("*", 0.0)
    found = {name: weights.get(name, others) for name in offered}
    best = max(found, key=lambda name: found[name])
    return best if found[best] > 0 else "identity"


def _weight(parameters: list[str]) -> float:
    """Read `q=0.5`; what is not of that form counts as 0."""
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0


def _matches(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as If-None-Match does: a proxy may have marked the tag with `W/`."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def _joined(request: Request, name: str) -> str:
    return ",".join(request.headers.getlist(name))


def _form(body: bytes) -> _EncodedScript:
    return _EncodedScript(body, f'"{hashlib.sha256(body).hexdigest()}"')
