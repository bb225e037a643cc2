"""An app in this process, driven from synchronous tests: its own event loop in a thread.

    with AppClient(create_app(settings, store)) as client:
        answer = client.get("/healthz")

Start-up and shutdown run as under a server. For what only a socket can show, use
`tests.support.processes`.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from fastapi import FastAPI

T = TypeVar("T")


class AppClient:
    """A context manager. `address` is where the app believes that requests come from."""

    def __init__(self, app: FastAPI, *, address: str = "192.0.2.1") -> None:
        self.app = app
        self._address = address

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.run(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.run(self._stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the app's loop and return what it returns."""
        return self.start(work).result()

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run something on the app's loop without waiting for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send one request; `options` are httpx's."""
        return self.run(self.http.request(method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", url, **options)

    async def _open(self) -> None:
        await self._stack.enter_async_context(self.app.router.lifespan_context(self.app))
        transport = httpx.ASGITransport(self.app, client=(self._address, 12345))
        self.http = await self._stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://app.test")
        )
