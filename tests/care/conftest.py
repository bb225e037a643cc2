"""A lake with one website, on a folder or on S3."""

import pytest

from lake.settings import Settings
from lake.store import Store
from tests.query.recorded import Clock, Lakeful


@pytest.fixture
def lakeful(store: Store, settings: Settings) -> Lakeful:
    return Lakeful(store, settings, Clock())


@pytest.fixture
def any_lakeful(any_store: Store, lake_settings: Settings) -> Lakeful:
    return Lakeful(any_store, lake_settings, Clock())
