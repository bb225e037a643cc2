"""The ingest API as an app: its routes, and one table from errors to statuses.

`create_app` takes the store and the clock, so that tests can pass their own. The upload itself is
`ingest_api.upload`; the server is `ingest_api.serve`.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from ingest_api import openapi, recorder_assets
from ingest_api.dedup import Deduplicator
from ingest_api.group_commit import GroupCommit
from ingest_api.http.request_body import BodyTooSlow, Overloaded
from ingest_api.http.request_headers import parse_headers
from ingest_api.http.responses import RawResponse, problem_response
from ingest_api.metrics import IngestMetrics
from ingest_api.recorder_assets import RecorderScript, VersionedScripts
from ingest_api.upload import UploadEndpoint
from ingest_api.visitors import Visitors
from ingest_api.website_cache import WebsiteCache
from lake.control.cache import ControlCache
from lake.control.plans import PLANS
from lake.control.visitor_salts import Salts
from lake.control.websites import Website
from lake.errors import (
    BadInput,
    ChunkTooLarge,
    EncodingUnsupported,
    Forbidden,
    LakeError,
    Missing,
    SessionErased,
    SessionExpired,
    StoreUnavailable,
    TooManyRequests,
)
from lake.http.readiness import Readiness
from lake.ingest.user_agents import CountryLookup
from lake.settings import Settings
from lake.storage.base import Store, open_store

# The first match counts: subclasses are listed before their base classes.
STATUSES: tuple[tuple[type[LakeError], int], ...] = (
    (ChunkTooLarge, 413),
    (EncodingUnsupported, 415),
    (BodyTooSlow, 408),
    (BadInput, 400),
    (Forbidden, 403),
    (Missing, 404),
    (SessionErased, 410),
    (SessionExpired, 410),
    (TooManyRequests, 429),
    (Overloaded, 503),
    (StoreUnavailable, 503),
)
CHUNKS_PATH = "/v1/chunks"
_CHUNK_METHODS = ["POST", "OPTIONS"]
_MEMBERS = ("limit_bytes", "parameter")  # attributes of errors that are members of the problem
_CONFIG_HEADERS = {"access-control-allow-origin": "*", "cache-control": "public, max-age=5"}


def now_ms() -> int:
    """Return the server's clock, ms since the Unix epoch."""
    return time.time_ns() // 1_000_000


def create_app(
    settings: Settings,
    store: Store | None = None,
    *,
    clock: Callable[[], int] = now_ms,
    clock_s: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """Build the app.

    Args:
        store: Default: the store of the settings.
        clock: ms since the Unix epoch.
        clock_s: A clock that never jumps, for rates, s.

    Raises:
        SettingInvalid: The lake or the trusted proxies are malformed.
    """
    store = open_store(settings) if store is None else store
    metrics = IngestMetrics()
    commit = GroupCommit(store, settings, clock, metrics)
    website_cache = WebsiteCache(
        store, ControlCache(store, settings, time.monotonic), settings, clock_s
    )
    countries = CountryLookup(settings.geo_path)
    readiness = Readiness(store)
    loader = RecorderScript(recorder_assets.DIST / recorder_assets.LOADER)
    bundle = VersionedScripts(recorder_assets.DIST)
    dashboard = {"dashboard_url": settings.dashboard_url}
    visitors = Visitors(settings, Salts(store), countries)
    upload = UploadEndpoint(
        settings,
        website_cache=website_cache,
        visitors=visitors,
        deduplicator=Deduplicator(commit),
        clock=clock,
        clock_s=clock_s,
        metrics=metrics,
        problem_of=problem_of,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await commit.close()
        upload.close()
        visitors.close()
        website_cache.close()
        readiness.close()
        countries.close()

    app = _App(upload, title="replaylake ingest", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.router.routes.insert(0, Route(CHUNKS_PATH, upload, methods=_CHUNK_METHODS))

    @app.get("/v1/config/{website_id}")
    async def config(request: Request, website_id: str) -> Response:
        """Settings for the recorder of a page. An unknown website has recording disabled."""
        headers = parse_headers(request.scope["headers"])
        address = visitors.address(headers, request.scope)
        website = await website_cache.website(website_id, address)
        body = msgspec.json.encode(_config(website, clock()) | dashboard)
        # Cached briefly: it contains the time, and a change of settings should take effect soon.
        return Response(body, media_type="application/json", headers=_CONFIG_HEADERS)

    @app.head("/r.js", include_in_schema=False)
    @app.get("/r.js")
    async def recorder(request: Request) -> Response:
        """The loader, which a page's script tag requests."""
        return await loader.answer(request)

    @app.head("/r/{version}.js", include_in_schema=False)
    @app.get("/r/{version}.js")
    async def recorder_version(request: Request, version: str) -> Response:
        """The recorder, which the loader requests by its version, and its parts."""
        return await bundle.answer(request, version)

    @app.get("/healthz")
    async def healthz() -> Response:
        """200 while the process runs."""
        return Response(b"ok\n", media_type="text/plain")

    @app.get("/readyz")
    async def readyz() -> Response:
        """200 while the store can be reached, else 503."""
        await readiness.check()
        return Response(b"ok\n", media_type="text/plain")

    @app.get("/metrics")
    async def prometheus() -> Response:
        """All metrics, in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    _handle_errors(app)
    _describe(app)
    return app


class _App(FastAPI):
    """Passes chunks past the middleware, which would add an eighth to their cost."""

    def __init__(self, upload: UploadEndpoint, **options: Any) -> None:
        super().__init__(**options)
        self._upload = upload

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if (
            scope["type"] == "http"
            and scope["path"] == CHUNKS_PATH
            and scope["method"] in _CHUNK_METHODS
        ):
            await self._upload(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def problem_of(error: Exception) -> RawResponse:
    """Convert an error to its response, without the details of internal failures."""
    if not isinstance(error, LakeError):
        return problem_response(500, "internal", "something went wrong here", {})
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    members = {name: getattr(error, name) for name in _MEMBERS if hasattr(error, name)}
    detail = str(error)
    if isinstance(error, StoreUnavailable):
        # The message names the bucket or the folder, which is not for visitors.
        detail = "the chunk could not be stored: send it again"
    elif status == 500:
        detail = "something went wrong here"
    if isinstance(error, TooManyRequests):
        return problem_response(status, error.kind, detail, members, retry_s=error.retry_s)
    return problem_response(status, error.kind, detail, members)


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(LakeError)
    async def lake_error(_: Request, error: Exception) -> Response:
        return _response(problem_of(error))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
        response = _response(problem_response(error.status_code, kind, error.detail, {}))
        response.headers.update(error.headers or {})
        return response


def _describe(app: FastAPI) -> None:
    generate = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            schema["paths"][CHUNKS_PATH] = openapi.chunks_path()
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = openapi.problem_schema()
        return app.openapi_schema or {}

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way


def _config(website: Website | None, at_ms: int) -> dict[str, object]:
    if website is None:
        website = Website(website_id="", name="unknown", created_at="")
    flags = msgspec.structs.replace(website.feature_flags, enable_session_replay=website.records)
    return {
        "now_ms": at_ms,
        "feature_flags": flags,
        "privacy": website.privacy,
        "smart": website.smart,
        "network_panel": PLANS[website.plan].network_panel,
    }


def _response(raw: RawResponse) -> Response:
    response = Response(raw.body, raw.status)
    response.raw_headers = list(raw.headers)
    return response
