"""Describe the visitor behind a request: address, country, browser and the day's visitor id.

The address goes no further than this module and the limits per address.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ingest_api.http.request_headers import RequestHeaders
from lake.control.visitor_salts import Salts
from lake.ingest import client_address, user_agents
from lake.ingest.user_agents import CountryLookup
from lake.raw.chunk_facts import Client
from lake.settings import Settings


class Visitors:
    """Visitors of one app. Use from one running event loop."""

    def __init__(self, settings: Settings, salts: Salts, countries: CountryLookup) -> None:
        self._proxies = client_address.parse_networks(settings.trusted_proxies)
        self._salts = salts
        self._countries = countries
        self._pool = ThreadPoolExecutor(1, "salt")
        self._salt_read: asyncio.Future[str] | None = None

    def address(self, headers: RequestHeaders, scope: Any) -> str:
        """Return the visitor's address, '' where it is unknown."""
        peer = scope["client"][0] if scope.get("client") else ""
        return client_address.visitor_address(peer, headers.get("x-forwarded-for"), self._proxies)

    async def describe(
        self, website_id: str, headers: RequestHeaders, scope: Any, *, now_ms: int
    ) -> Client:
        """Return visitor id, browser and country of a request.

        Raises:
            StoreUnavailable: The day's salt can be neither read nor created.
        """
        address = self.address(headers, scope)
        user_agent = headers.get("user-agent")
        visitor_id = partial(self._salts.visitor_id, website_id, address, user_agent, now_ms=now_ms)
        if not self._salts.is_ready(now_ms=now_ms):
            await self._load_salt(visitor_id)
        return user_agents.describe_client(
            user_agent,
            headers.values,
            country=self._countries.of(address),
            visitor_id=visitor_id(),
        )

    def close(self) -> None:
        """Stop the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _load_salt(self, visitor_id: Callable[[], str]) -> None:
        """Read or create the day's salt, once for all requests that wait for it."""
        if self._salt_read is None or self._salt_read.done():
            self._salt_read = asyncio.get_running_loop().run_in_executor(self._pool, visitor_id)
        await asyncio.shield(self._salt_read)
