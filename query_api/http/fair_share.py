"""Concurrency limit per caller, so that one caller's slow requests leave threads to others.

All callers share one thread pool. Each caller may use a few threads at once; its further requests
queue until earlier ones begin to answer. `query_api.http.rate_limits` runs before, identifies the
caller and limits the request rate.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from query_api.http.problem_responses import problem
from query_api.metrics import QueryMetrics

_WAITING_MAX = 200  # per caller; each holds a connection and some kB
_RETRY_S = 1.0


class _CallerQueue:
    def __init__(self, running_max: int) -> None:
        self.slots = asyncio.Semaphore(running_max)
        self.count = 0  # requests that run or wait


class FairShare:
    """ASGI middleware: runs at most `running_max` requests of each caller at once."""

    def __init__(self, app: ASGIApp, running_max: int, metrics: QueryMetrics) -> None:
        self._app = app
        self._running_max = running_max
        self._metrics = metrics
        self._queues: dict[str, _CallerQueue] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request when the caller has a free slot."""
        caller = scope.get("state", {}).get("caller", "")
        if not caller:
            await self._app(scope, receive, send)
            return
        queue = self._queues.setdefault(caller, _CallerQueue(self._running_max))
        if queue.count >= self._running_max + _WAITING_MAX:
            self._metrics.refused.labels("waiting").inc()
            refused = problem(429, "too-many-requests", _DETAIL, retry_s=_RETRY_S)
            await refused(scope, receive, send)
            return
        queue.count += 1
        try:
            await self._in_turn(queue, scope, receive, send)
        finally:
            queue.count -= 1
            if not queue.count:
                self._queues.pop(caller, None)

    async def _in_turn(
        self, queue: _CallerQueue, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await queue.slots.acquire()
        is_held = True

        def release() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                queue.slots.release()

        async def sent(message: Message) -> None:
            # The work is done when the response begins; a slow reader must not hold the slot.
            release()
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            release()


_DETAIL = "this key has too many requests at once: wait for earlier answers"
