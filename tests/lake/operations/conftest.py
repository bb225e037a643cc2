"""A lake with one website, on a folder or on S3."""

import copy
import shutil

import pytest

from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.lake.operations.damage import Sound, filled_all_over
from tests.query_api.recorded import Clock, Lakeful
from tests.s3.endpoint import S3Endpoint


@pytest.fixture
def lakeful(store: Store, settings: Settings) -> Lakeful:
    return Lakeful(store, settings, Clock())


@pytest.fixture
def lakeful_on_s3(s3: S3Endpoint) -> Lakeful:
    settings = s3.settings()
    return Lakeful(open_store(settings), settings, Clock())


@pytest.fixture(scope="session")
def sound_once(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    settings = Settings(lake=str(tmp_path_factory.mktemp("sound") / "lake"))
    lakeful = Lakeful(open_store(settings), settings, Clock())
    return Sound(lakeful, filled_all_over(lakeful))


@pytest.fixture
def sound(sound_once: Sound, store: Store, settings: Settings) -> Sound:
    """A lake with a bit of everything, to be damaged: a copy, as making one takes seconds."""
    shutil.copytree(sound_once.lakeful.settings.lake, settings.lake, dirs_exist_ok=True)
    lakeful = copy.copy(sound_once.lakeful)
    lakeful.store, lakeful.settings = store, settings
    lakeful.clock = copy.copy(lakeful.clock)
    return Sound(lakeful, copy.deepcopy(sound_once.sessions))
