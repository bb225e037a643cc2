"""The query API as an ASGI app: its routes, and one table from errors to status codes.

`create_app` makes it, so that tests pass their own store and clock. `query_api.serve` serves it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from lake.control.cache import ControlCache
from lake.erasure.requests import ErasureNotCancellable
from lake.errors import (
    BadInput,
    ControlDamaged,
    Damaged,
    Forbidden,
    LakeError,
    LimitReached,
    Missing,
    ObjectMissing,
    OnLegalHold,
    SessionMissing,
    SettingInvalid,
    StoreUnavailable,
    WebsiteMissing,
)
from lake.http.readiness import Readiness
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.presence import open_existing
from lake.tables.audit_log import AuditReader
from query_api.auth import Services, Unauthorized
from query_api.http import reference_page
from query_api.http.content_negotiation import NotAcceptable
from query_api.http.fair_share import FairShare
from query_api.http.problem_responses import PROBLEM_RESPONSES, problem
from query_api.http.rate_limits import RateLimiter, RateLimitMiddleware
from query_api.http.request_bodies import BodyTooLarge
from query_api.http.security_headers import SECURITY_HEADERS, SecurityHeadersMiddleware
from query_api.key_usage import KeyUsage
from query_api.metrics import QueryMetrics
from query_api.routes import (
    audit,
    dashboard_files,
    erasures,
    errors,
    insights,
    keys,
    replays,
    sessions,
    shares,
    sign_in,
    websites,
)
from query_api.view_audit import ViewAudit

# The first match counts, so that special errors stand before general ones.
STATUSES: tuple[tuple[type[LakeError], int], ...] = (
    (Unauthorized, 401),
    (NotAcceptable, 406),
    (BodyTooLarge, 413),
    (BadInput, 400),
    (Forbidden, 403),
    (ObjectMissing, 500),  # a row points at it: the lake is damaged
    (Missing, 404),
    (OnLegalHold, 409),
    (LimitReached, 409),
    (ErasureNotCancellable, 409),
    (ControlDamaged, 409),  # of one website, until an operator repairs it
    (StoreUnavailable, 503),
    (Damaged, 500),
)
# Replacements for messages that name the requested id or internals.
_DETAILS: tuple[tuple[type[LakeError], str], ...] = (
    (SessionMissing, "there is no such session, or not for this key"),
    (WebsiteMissing, "there is no such website, or not for this key"),
    (StoreUnavailable, "the lake cannot be read now: try again"),
    (ControlDamaged, "a document of this website is damaged; see `replaylake check`"),
    (Damaged, "the stored data is damaged; see `replaylake check`"),
)
_KINDS = {404: "not-found", 405: "method-not-allowed"}
_log = structlog.get_logger(__name__)


def server_ms() -> int:
    """Return the server's clock, ms since the Unix epoch."""
    return time.time_ns() // 1_000_000


def create_app(
    settings: Settings,
    store: Store | None = None,
    *,
    now_ms: Callable[[], int] = server_ms,
    clock_s: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """Make the app. Without a `store`, open the one that the settings name.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
        clock_s: A monotonic clock for rate limits, s.

    Raises:
        LakeMissing: There is no lake.
        SettingInvalid: The lake or the trusted proxies are malformed.
    """
    store = open_existing(settings) if store is None else store
    metrics = QueryMetrics()
    readiness = Readiness(store)
    usage, views = KeyUsage(store, now_ms), ViewAudit(store, now_ms, metrics)
    limits = RateLimiter(settings, clock_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        views.start()
        yield
        await asyncio.to_thread(views.close)
        usage.close()
        readiness.close()

    app = FastAPI(
        title="replaylake",
        description="Lists recorded sessions and streams their replays.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Spans would hold query strings, and so the visitors that are searched for.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        responses=PROBLEM_RESPONSES,
    )
    app.state.services = Services(
        store,
        Lake(store, settings, now_ms),
        ControlCache(store, settings, time.monotonic),
        usage,
        views,
        AuditReader(store),
    )
    app.state.metrics = metrics
    app.add_middleware(FairShare, running_max=settings.query_key_concurrent_max, metrics=metrics)
    app.add_middleware(
        RateLimitMiddleware,
        limits=limits,
        metrics=metrics,
        trusted_proxies=settings.trusted_proxies,
    )
    app.add_middleware(SecurityHeadersMiddleware, metrics=metrics)  # the outermost
    # Included routers would be built anew for each app, at its first request: 100 ms.
    for routes in (
        sign_in,
        sessions,
        replays,
        errors,
        insights,
        websites,
        keys,
        shares,
        audit,
        erasures,
    ):
        app.routes.extend(routes.router.routes)
    app.routes.extend(dashboard_files.router.routes)

    @app.get("/docs", include_in_schema=False)
    async def reference() -> HTMLResponse:
        return HTMLResponse(reference_page.reference(app.openapi()))

    @app.get("/healthz", response_class=PlainTextResponse, tags=["probes"])
    async def healthz() -> str:
        """Whether the process answers."""
        return "ok\n"

    @app.get("/readyz", response_class=PlainTextResponse, tags=["probes"])
    async def readyz() -> str:
        """Whether the store can be reached."""
        await readiness.check()
        return "ok\n"

    @app.get("/metrics", response_class=PlainTextResponse, tags=["probes"])
    async def prometheus() -> Response:
        """All counters, in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    _handle_errors(app)
    return app


def problem_of(error: LakeError) -> Response:
    """Return the problem response of an error. Details of server faults are only logged."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    detail = next((text for kind, text in _DETAILS if isinstance(error, kind)), None)
    if status >= 500:
        _log.error("request failed", kind=error.kind, error=str(error))
        detail = detail or "something went wrong here"
    parameter = error.name[:100] if isinstance(error, SettingInvalid) and error.name else None
    return problem(status, error.kind, detail or str(error), parameter=parameter)


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(LakeError)
    async def lake_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, LakeError)
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def parameter_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        name = str(first["loc"][1]) if len(first["loc"]) > 1 else str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            kind, reason = "parameter-unknown", "is unknown here"
        else:
            kind, reason = "parameter-malformed", f"is wrong: {first['msg']}"
        return problem(400, kind, f"{name[:100]!r} {reason}", parameter=name[:100])

    @app.exception_handler(ClientDisconnect)
    async def client_disconnect(_: Request, error: Exception) -> Response:  # noqa: ARG001 - not our failure
        return problem(400, "body-cut", "the connection ended before the body did")

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = _KINDS.get(error.status_code, "http-error")
        response = problem(error.status_code, kind, error.detail)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def internal_error(_: Request, error: Exception) -> Response:  # noqa: ARG001 - logged by the server
        response = problem(500, "internal", "something went wrong here")
        response.headers.update(SECURITY_HEADERS)  # this handler runs outside the middleware
        return response
