"""Security headers of every response, and the metric of response times."""

import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from query_api.metrics import QueryMetrics

# Recorded pages are replayed here: nothing in them may run, load or send anything.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; media-src data: blob:; connect-src 'self'; "
    "frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",  # unless a route says otherwise
}


class SecurityHeadersMiddleware:
    """ASGI middleware: adds `SECURITY_HEADERS` and observes the response time."""

    def __init__(self, app: ASGIApp, metrics: QueryMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                labels = (_route(scope), str(message["status"]))
                self._metrics.answer_s.labels(*labels).observe(time.perf_counter() - started_s)
            await send(message)

        await self._app(scope, receive, sent)


def _route(scope: MutableMapping[str, Any]) -> str:
    """Return the route's template, so that ids do not become labels."""
    return getattr(scope.get("route"), "path", "none")
