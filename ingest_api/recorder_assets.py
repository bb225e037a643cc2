"""`GET /r.js` and `/r/VERSION.js`: the recorder as `ingest_api/recorder/build.mjs` made it.

A page's script tag requests the first, a small loader, which requests the second by its version, as
that requests its parts: the loader is renewed soon, and the others are cached for good. Scripts and
their compressed files are read once for each build, not for each request.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from fastapi import Request, Response

from ingest_api.http.responses import problem_response

DIST = Path(__file__).parent / "recorder" / "dist"
LOADER, RECORDER = "r.js", "recorder.js"
PARTS = ("triggers.js", "network.js", "gzip.js")
_SUFFIXES = {"br": ".br", "gzip": ".gz", "identity": ""}  # the smallest first
# An old loader may be used for five minutes, and for a day while the browser fetches a new one.
_CACHE_SHORT = "public, max-age=300, stale-while-revalidate=86400"
_CACHE_FOR_EVER = "public, max-age=31536000, immutable"
_HEADERS = {
    "vary": "accept-encoding",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


class _EncodedScript(NamedTuple):
    """One content coding of a script."""

    body: bytes
    etag: str


_Stamp = tuple[tuple[int, int, int], ...]


class RecorderScript:
    """The endpoint of one script. Use from one running event loop.

    Args:
        script: Path of the script, with `.gz` and `.br` files beside it. A compressed file that is
            older than the script belongs to another build and is not sent.
    """

    def __init__(self, script: Path) -> None:
        self._script = script
        self._stamp: _Stamp = ()
        self._forms: dict[str, _EncodedScript] = {}

    async def is_version(self, version: str) -> bool:
        """Return whether the stored build has this version, the begin of its SHA-256."""
        await self._refresh()
        return bool(self._forms) and self._forms["identity"].etag.startswith(f'"{version}')

    async def answer(self, request: Request, *, version: str = "") -> Response:
        """Answer a GET or a HEAD.

        Args:
            version: Of the script. For a version that is not stored the newest one is sent, with
                headers that forbid to cache it under that name.
        """
        await self._refresh()
        if not self._forms:
            problem = problem_response(
                404, "recorder-missing", "no recorder is built: run `make setup`", {}
            )
            response = Response(problem.body, problem.status)
            response.raw_headers = list(problem.headers)
            return response
        encoding = preferred_encoding(_joined(request, "accept-encoding"), self._forms)
        form = self._forms[encoding]
        is_version = version and await self.is_version(version)
        headers = _HEADERS | {
            "etag": form.etag,
            "cache-control": _CACHE_FOR_EVER
            if is_version
            else "no-cache"
            if version
            else _CACHE_SHORT,
        }
        if _matches(_joined(request, "if-none-match"), form.etag):
            return Response(status_code=304, headers=headers)
        if encoding != "identity":
            headers["content-encoding"] = encoding
        # A HEAD is answered like a GET; the server leaves the body out.
        return Response(form.body, media_type="text/javascript", headers=headers)

    async def _refresh(self) -> None:
        # stat() takes some microseconds, a thread for it ten times as much.
        if not self._forms or _stamp(self._stats()) != self._stamp:
            self._stamp, self._forms = await asyncio.to_thread(self._read_build)

    def _read_build(self) -> tuple[_Stamp, dict[str, _EncodedScript]]:
        """Read the current build."""
        stats = self._stats()
        script = stats.get("identity")
        if script is None:
            return (), {}
        try:
            forms = {
                name: _form(self._path(name).read_bytes())
                for name, stat in stats.items()
                if stat.st_mtime_ns >= script.st_mtime_ns
            }
        except FileNotFoundError:  # a build is replacing it now
            return self._stamp, self._forms
        return _stamp(stats), forms

    def _stats(self) -> dict[str, os.stat_result]:
        stats = {}
        for name in _SUFFIXES:
            with suppress(FileNotFoundError):
                stats[name] = self._path(name).stat()
        return stats

    def _path(self, name: str) -> Path:
        return self._script.with_name(self._script.name + _SUFFIXES[name])


class VersionedScripts:
    """The endpoint of the recorder and its parts, which are named by their versions.

    Args:
        folder: Where they were built.
    """

    def __init__(self, folder: Path) -> None:
        self._recorder = RecorderScript(folder / RECORDER)
        self._parts = [RecorderScript(folder / name) for name in PARTS]

    async def answer(self, request: Request, version: str) -> Response:
        """Answer with the script of this version; for an unknown one, with the newest recorder."""
        for part in self._parts:
            if await part.is_version(version):
                return await part.answer(request, version=version)
        return await self._recorder.answer(request, version=version)


def scripts_by_path(folder: Path) -> dict[str, bytes]:
    """Return the scripts of a build by the path that pages request, for another server."""
    scripts = {f"/{LOADER}": (folder / LOADER).read_bytes()}
    for name in (RECORDER, *PARTS):
        script = (folder / name).read_bytes()
        scripts[f"/r/{hashlib.sha256(script).hexdigest()[:16]}.js"] = script
    return scripts


def _stamp(stats: dict[str, os.stat_result]) -> _Stamp:
    return tuple((s.st_mtime_ns, s.st_size, s.st_ino) for s in stats.values())


def preferred_encoding(accept_encoding: str, offered: Iterable[str]) -> str:
    """Return the content coding that a client prefers, of equal ones the first of `offered`.

    Without a preference, or if the client refuses all of them: `identity`.

    Source: RFC 9110 section 12.5.3.
    """
    weights: dict[str, float] = {}
    for item in accept_encoding.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights[name] = _weight(parameters)
    others = weights.get("*", 0.0)
    offered_weights = {name: weights.get(name, others) for name in offered}
    best = max(offered_weights, key=lambda name: offered_weights[name])
    return best if offered_weights[best] > 0 else "identity"


def _weight(parameters: list[str]) -> float:
    """Parse `q=0.5`; a malformed weight is 0."""
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0


def _matches(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as If-None-Match does: a proxy may have added `W/` to the tag."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def _joined(request: Request, name: str) -> str:
    return ",".join(request.headers.getlist(name))


def _form(body: bytes) -> _EncodedScript:
    return _EncodedScript(body, f'"{hashlib.sha256(body).hexdigest()}"')
