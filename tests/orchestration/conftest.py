from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.resources import LakeResource
from lake.settings import Settings, from_environ
from tests.orchestration.lakes import NOW_MS


class FrozenLake(LakeResource):
    """The lake of the environment at a moment of the test's choice."""

    at_ms: int = NOW_MS

    def now_ms(self) -> int:
        return self.at_ms


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("REPLAY_LAKE", str(tmp_path / "lake"))
    return from_environ()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made
