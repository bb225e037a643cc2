"""Concurrency limit per caller: one caller's slow requests leave threads to the others.

Requests are worked on in threads that all callers share. So each caller has a few of them at once,
and further requests wait in line until earlier ones begin to answer. `query_api.http.rate_limits`
stands before and says who the caller is; how often one may ask is decided there too.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from query_api.http.problem_responses import problem
from query_api.metrics import QueryMetrics

_WAITING_MAX = 200  # of one caller; each is a connection and some kB
_RETRY_S = 1.0


class _CallerQueue:
    def __init__(self, running_max: int) -> None:
        self.slots = asyncio.Semaphore(running_max)
        self.count = 0  # requests that run or wait


class FairShare:
    """ASGI middleware: works on `running_max` requests of each caller at once."""

    def __init__(self, app: ASGIApp, running_max: int, metrics: QueryMetrics) -> None:
        self._app = app
        self._running_max = running_max
        self._metrics = metrics
        self._lanes: dict[str, _CallerQueue] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, once the caller's earlier ones let it."""
        caller = scope.get("state", {}).get("caller", "")
        if not caller:
            await self._app(scope, receive, send)
            return
        lane = self._lanes.setdefault(caller, _CallerQueue(self._running_max))
        if lane.count >= self._running_max + _WAITING_MAX:
            self._metrics.refused.labels("waiting").inc()
            refused = problem(429, "too-many-requests", _DETAIL, retry_s=_RETRY_S)
            await refused(scope, receive, send)
            return
        lane.count += 1
        try:
            await self._in_turn(lane, scope, receive, send)
        finally:
            lane.count -= 1
            if not lane.count:
                self._lanes.pop(caller, None)

    async def _in_turn(
        self, lane: _CallerQueue, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await lane.slots.acquire()
        is_held = True

        def release() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                lane.slots.release()

        async def sent(message: Message) -> None:
            # What an answer takes is known by now; a slow reader of it holds nobody up.
            release()
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            release()


_DETAIL = "this key has too many requests at once: wait for earlier answers"
