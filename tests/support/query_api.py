"""Fixtures of a query API in this process, on a lake in a folder with one website.

A `conftest.py` imports them; a test module replaces those that it needs otherwise.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lake.settings import Settings
from lake.storage.base import Store
from query_api.app import create_app
from tests.query_api.recorded import Clock, Lakeful
from tests.support.asgi import AppClient


def without_rate_limits(settings: Settings) -> Settings:
    """Allow each caller as many requests as a test sends, answered or in vain."""
    return replace(settings, query_key_requests_per_s=10**6, query_misses_per_s=10**6)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lakeful(store: Store, settings: Settings, clock: Clock) -> Lakeful:
    return Lakeful(store, settings, clock)


@pytest.fixture
def client(lakeful: Lakeful) -> Iterator[AppClient]:
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        yield client
