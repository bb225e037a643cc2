"""An ingest API in this process, on a lake with one website that records."""

from collections.abc import Iterator

import pytest

from ingest_api.app import create_app
from lake.control.websites import Website
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.recording import NOW_MS, Recorder, assert_all_accounted_for, recording_website
from tests.support.asgi import AppClient


class Clock:
    """The server's clock; goes on only when it is told to."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def website(store: Store) -> Website:
    return recording_website(store)


@pytest.fixture
def recorder(website: Website) -> Recorder:
    return Recorder(website.website_id)


@pytest.fixture
def client(settings: Settings, store: Store, clock: Clock) -> Iterator[AppClient]:
    with AppClient(create_app(settings, store, clock=clock)) as client:
        yield client
        assert_all_accounted_for(client.get("/metrics").text)
