"""A lake with one website, on a folder or on S3."""

import pytest

from lake.settings import Settings
from lake.store import Store, open_store
from tests.query.recorded import Clock, Lakeful
from tests.s3.endpoint import S3Endpoint


@pytest.fixture
def lakeful(store: Store, settings: Settings) -> Lakeful:
    return Lakeful(store, settings, Clock())


@pytest.fixture
def lakeful_on_s3(s3: S3Endpoint) -> Lakeful:
    settings = s3.settings()
    return Lakeful(open_store(settings), settings, Clock())


@pytest.fixture
def any_lakeful(any_store: Store, lake_settings: Settings) -> Lakeful:
    return Lakeful(any_store, lake_settings, Clock())
