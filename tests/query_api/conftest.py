"""A query API in this process, on a lake in a folder with one website."""

from collections.abc import Iterator

import pytest

from lake.settings import Settings
from lake.storage.base import Store
from query_api.app import create_app
from tests.query_api.recorded import Clock, Lakeful
from tests.support.asgi import AppClient


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
