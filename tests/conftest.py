"""Lakes to test on: real ones, fresh for each test."""

from pathlib import Path

import pytest

from lake.settings import Settings
from lake.store import Store, open_store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=str(tmp_path / "lake"))


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)
