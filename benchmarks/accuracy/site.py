"""The website that is visited, and what records it: one server, as two origins.

`127.0.0.1` serves the pages of this folder, the shop of the demo and the sites of the recorder's
tests; `localhost` is where the recorder lives, with an ingest that only keeps what comes.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from isal import isal_zlib
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ingest_api.recorder_assets import DIST, scripts_by_path
from orchestration.demo.shop.app import create_app

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_CORS = {"access-control-allow-origin": "*"}
_GZIP = 31  # zlib's name for gzip


class Ingest:
    """Chunks of our recorder by visit (the website's id): (page, number of the chunk, body)."""

    def __init__(self) -> None:
        self.chunks: dict[str, dict[tuple[str, int], list[str]]] = {}

    def add(self, visit: str, page: str, seq: int, body: bytes) -> None:
        """Keep one chunk; the same again changes nothing."""
        events = json.loads(isal_zlib.decompress(body, _GZIP))
        texts = [json.dumps(event, separators=(",", ":")) for event in events]
        self.chunks.setdefault(visit, {}).setdefault((page, seq), texts)

    def take(self, visit: str) -> dict[str, list[str]]:
        """Return the visit's events by page, pages in order of their beginning."""
        pages: dict[str, list[str]] = {}
        for (page, _), texts in sorted(self.chunks.pop(visit, {}).items()):
            pages.setdefault(page, []).extend(texts)
        return pages


def _app(ingest: Ingest) -> Starlette:
    scripts = scripts_by_path(DIST)

    async def script(request: Request) -> Response:
        return Response(scripts[request.url.path], media_type="text/javascript", headers=_CORS)

    async def config(_: Request) -> Response:
        flags = {
            "enable_session_replay": True,
            "session_replay_trigger": "all",
            "replay_sampling_rate": 1,
        }
        privacy = {"mask_emails": True, "require_consent": False, "mask_patterns": True}
        config_body = {
            "feature_flags": flags,
            "privacy": privacy,
            "smart": {},
            "network_panel": True,
        }
        now_ms = time.time() * 1000
        return JSONResponse(config_body | {"now_ms": now_ms, "dashboard_url": ""}, headers=_CORS)

    async def chunks(request: Request) -> Response:
        params = request.query_params
        body = await request.body()
        ingest.add(params["website"], params["page"], int(params["seq"]), body)
        return Response(status_code=202, headers=_CORS)

    async def answer(request: Request) -> Response:
        await asyncio.sleep(int(request.query_params.get("wait", 0)) / 1000)
        return JSONResponse({}, int(request.path_params["status"]))

    async def app(_: Request) -> Response:
        return FileResponse(_HERE / "pages" / "app.html")

    async def plain_form(request: Request) -> Response:
        status = 422 if request.method == "POST" else 200
        return FileResponse(_HERE / "pages" / "plain.html", status)

    return Starlette(
        routes=[
            Route("/plain-form", plain_form, methods=["GET", "POST"]),
            Route("/app/{view:path}", app),
            *(Route(path, script) for path in scripts),
            Route("/v1/config/{website}", config),
            Route("/v1/chunks", chunks, methods=["POST"]),
            Route("/answer/{status}", answer, methods=["GET", "POST"]),
            Mount("/pages", StaticFiles(directory=_HERE / "pages")),
            Mount("/sites", StaticFiles(directory=_ROOT / "tests" / "recorder" / "sites")),
            Mount("/", create_app("http://localhost", "shop")),
        ]
    )


@contextmanager
def serving() -> Iterator[tuple[int, Ingest]]:
    """Serve on a free port, which is returned with what the recorder sends."""
    ingest = Ingest()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(_app(ingest), log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1], ingest
        finally:
            server.should_exit = True
            thread.join()
