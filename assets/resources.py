"""The lake as a Dagster resource for assets, checks and sensors, configured by the environment.

The only place in Dagster's code that reads the clock.
"""

import time

import dagster as dg

from lake.settings import Settings, from_environ
from lake.storage.base import Store, open_store
from lake.storage.presence import open_existing

_opened_lakes: set[str] = set()  # by this process: sensors open the lake twice a minute


class LakeResource(dg.ConfigurableResource[None]):
    """The lake that `REPLAY_LAKE` names, with the settings of the environment."""

    def settings(self) -> Settings:
        """Read the settings."""
        return from_environ()

    def open(self) -> Store:
        """Open the lake's store.

        Raises:
            LakeMissing: There is no lake.
        """
        settings = self.settings()
        if settings.lake in _opened_lakes:
            return open_store(settings, create=False)
        store = open_existing(settings)
        _opened_lakes.add(settings.lake)
        return store

    def now_ms(self) -> int:
        """Return the time, ms since the Unix epoch."""
        return time.time_ns() // 1_000_000
