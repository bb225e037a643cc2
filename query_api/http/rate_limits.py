"""Rate limits per caller, for all requests and for misses, so that guessing ids and keys is slow.

Limits apply before any lookup, in bounded memory and per process; replicas do not share them. A
caller with a proven key or link is limited by it alone, so that nobody can lock out a neighbour;
other callers are limited by their address as well. Keys are kept as hashes, in memory only.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from cachetools import FIFOCache
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lake.http.token_buckets import TokenBuckets
from lake.ingest import client_address
from lake.settings import Settings
from query_api.auth import sent_key
from query_api.http.problem_responses import problem
from query_api.metrics import QueryMetrics

REQUESTS_BURST_S = 2.0
MISSES_BURST_S = 10.0
MISSES = (401, 403, 404)
_CALLERS_MAX = 10_000  # remembered as valid
_SHARED = "/api/shared/"


class Refusal(NamedTuple):
    """Reason of a refusal, and seconds until a retry makes sense."""

    reason: str
    wait_s: float


class RateLimiter:
    """All limits of one app. Use from one running event loop.

    Args:
        clock_s: A monotonic clock, s.
    """

    def __init__(self, settings: Settings, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        per_s = settings.query_key_requests_per_s
        self._requests = TokenBuckets(per_s, per_s * REQUESTS_BURST_S)
        per_s = settings.query_misses_per_s
        self._misses = TokenBuckets(per_s, per_s * MISSES_BURST_S)
        self._proven: FIFOCache[str, None] = FIFOCache(_CALLERS_MAX)

    def admit(self, caller: str, address: str) -> Refusal | None:
        """Return None if a request may pass, else the refusal. `caller` is '' without a key."""
        now_s = self._clock_s()
        for name in self._guessers(caller, address):
            if wait_s := self._misses.wait_s(name, now_s):
                return Refusal("misses", wait_s)
        if caller and (wait_s := self._requests.take(caller, now_s)):
            return Refusal("requests", wait_s)
        return None

    def missed(self, caller: str, address: str) -> None:
        """Count a response with one of the statuses in `MISSES`."""
        now_s = self._clock_s()
        for name in self._guessers(caller, address):
            self._misses.owe(name, now_s)

    def prove(self, caller: str) -> None:
        """Remember that the caller's key or link is valid."""
        self._proven[caller] = None

    def _guessers(self, caller: str, address: str) -> tuple[str, ...]:
        if caller in self._proven:
            return (caller,)
        return (address, caller) if caller else (address,)


class RateLimitMiddleware:
    """ASGI middleware: refuses requests over the limits, and counts misses.

    Args:
        trusted_proxies: Networks whose `X-Forwarded-For` counts.
    """

    def __init__(
        self, app: ASGIApp, limits: RateLimiter, metrics: QueryMetrics, trusted_proxies: str
    ) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._trusted = client_address.parse_networks(trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        caller, address = _caller(request), self._address(request)
        refusal = self._limits.admit(caller, address)
        if refusal is not None:
            self._metrics.refused.labels(refusal.reason).inc()
            refused = problem(
                429, "too-many-requests", _DETAILS[refusal.reason], retry_s=refusal.wait_s
            )
            await refused(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                if scope.get("state", {}).get("is_proven"):
                    self._limits.prove(caller)
                if message["status"] in MISSES:
                    self._limits.missed(caller, address)
            await send(message)

        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, sent)

    def _address(self, request: HTTPConnection) -> str:
        peer = request.client.host if request.client else ""
        forwarded_for = ", ".join(request.headers.getlist("x-forwarded-for"))
        address = client_address.visitor_address(peer, forwarded_for, self._trusted)
        return f"from {client_address.address_group(address)}"


_DETAILS = {
    "misses": "too many requests were in vain: ask again later, for what there is",
    "requests": "this key asks too often: ask again later, or raise "
    "REPLAY_QUERY_KEY_REQUESTS_PER_S",
}


def _caller(request: HTTPConnection) -> str:
    """Return a hash of the key or link that was sent; '' without one."""
    path: str = request.scope["path"]
    if path.startswith(_SHARED):
        sent = path.removeprefix(_SHARED).partition("/")[0]
    else:
        sent = sent_key(request).token
    return hashlib.sha256(sent.encode("utf-8", "replace")).hexdigest()[:32] if sent else ""
